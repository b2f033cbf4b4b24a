import { pods } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';

/** What every measured pod is: one container that waits. */
export interface PodShape {
  image: string;
  command: readonly string[];
}

export const podType = pods;
export const benchLabel = { app: 'kubelab-bench' };
export const benchSelector = 'app=kubelab-bench';

export function makePod(shape: PodShape, options: { name: string; namespace: string; node?: string }): Draft<Pod> {
  const { name, namespace, node } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: benchLabel },
    spec: {
      // A waiting process that is the first of its PID namespace does not hear SIGTERM.
      terminationGracePeriodSeconds: 1,
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [{ name: 'main', image: shape.image, imagePullPolicy: 'IfNotPresent', command: [...shape.command] }],
    },
  };
}
