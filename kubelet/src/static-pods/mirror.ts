/** What the API shows of a static pod: its mirror. Pure. */
import type { Node, Pod } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { configHashAnnotation, configSourceAnnotation } from '../runtime/labels.js';

export const mirrorAnnotation = 'kubernetes.io/config.mirror';

export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** A pod that does not come from the API. */
export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata.annotations?.[configSourceAnnotation];
  return source !== undefined && source !== 'api' && !isMirrorPod(pod);
}

export function fullName(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? 'default'}`;
}

/** Whether a mirror shows this static pod and not an earlier version of it. */
export function mirrors(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[mirrorAnnotation] === hashOf(pod);
}

export function mirrorOf(pod: Pod, node: Node | undefined): Draft<Pod> {
  const { name, namespace, labels, annotations } = pod.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [mirrorAnnotation]: hashOf(pod) },
      // The mirror goes with its node.
      ...(node
        ? {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, controller: true },
            ],
          }
        : {}),
    },
    spec: pod.spec,
  };
}

function hashOf(pod: Pod): string {
  return pod.metadata.annotations?.[configHashAnnotation] ?? pod.metadata.uid;
}
