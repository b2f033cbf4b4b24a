/** A manifest file of --pod-manifest-path as the pod it describes. Pure. */
import { createHash } from 'node:crypto';
import { defaultPod } from '@kubelab/api/pod/defaults';
import { validatePod } from '@kubelab/api/pod/validation/pod';
import type { Pod } from '@kubelab/api/types';
import { load } from 'js-yaml';
import { configHashAnnotation, configSeenAnnotation, configSourceAnnotation } from '../runtime/labels.js';

export interface ManifestOptions {
  /** Where the text comes from; a part of the pod's identity. */
  path: string;
  nodeName: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Throws an Error that says what is wrong with the manifest. */
export function parseManifest(text: string, options: ManifestOptions): Pod {
  const found = load(text) as Partial<Pod> | null | undefined;
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new Error('is not an object');
  if (found.kind !== 'Pod' || found.apiVersion !== 'v1')
    throw new Error(`must be a v1 Pod, not ${found.apiVersion ?? 'no version'} ${found.kind ?? 'of no kind'}`);
  if (!found.metadata?.name) throw new Error('metadata.name: Required value');
  const pod = identify(structuredClone(found) as Pod, text, options);
  defaultPod(pod);
  const errors = validatePod(pod);
  if (errors.length > 0) {
    const sentences = errors.map((error) => `${error.field}: ${error.detail}`);
    throw new Error(`invalid pod: ${sentences.join(', ')}`);
  }
  return pod;
}

function identify(pod: Pod, text: string, { path, nodeName, now }: ManifestOptions): Pod {
  const uid = pod.metadata.uid || createHash('md5').update(`host:${nodeName}file:${path}${text}`).digest('hex');
  const { annotations = {} } = pod.metadata;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      // Every node may have a pod of the same manifest.
      name: `${pod.metadata.name}-${nodeName}`,
      namespace: pod.metadata.namespace || 'default',
      uid,
      creationTimestamp: `${new Date(now).toISOString().slice(0, 19)}Z`,
      annotations: {
        ...annotations,
        [configHashAnnotation]: uid,
        [configSourceAnnotation]: 'file',
        [configSeenAnnotation]: new Date(now).toISOString(),
      },
    },
    spec: {
      ...pod.spec,
      containers: pod.spec?.containers ?? [],
      nodeName,
      // Only who removes the manifest ends the pod.
      tolerations: [...(pod.spec?.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  };
}
