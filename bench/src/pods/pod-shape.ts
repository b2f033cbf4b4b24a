import { pods } from '@kubelab/api/resource-types';
import type { Pod, Probe } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';

/** What every measured pod is: one container that waits. */
export interface PodShape {
  image: string;
  command: readonly string[];
  /** Asked again and again while the pod runs. */
  probe?: Probe;
}

/** Waits, and ends at once when it is asked to: what is the first process of its PID namespace does not hear SIGTERM by itself. */
export const waitingCommand: readonly string[] = [
  'sh',
  '-c',
  'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done',
];

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
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [
        {
          name: 'main',
          image: shape.image,
          imagePullPolicy: 'IfNotPresent',
          command: [...shape.command],
          ...(shape.probe ? { readinessProbe: shape.probe } : {}),
        },
      ],
    },
  };
}
