/** The pods and claims of a StatefulSet: each has a number, and with it a name of its own. Pure. */

import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, Volume } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { Draft } from '@kubelab/apimachinery/meta';
import { revisionLabel } from '../history/revisions.js';
import { podFromTemplate } from '../pods/pod-control.js';

export const podNameLabel = 'statefulset.kubernetes.io/pod-name';
export const podIndexLabel = 'apps.kubernetes.io/pod-index';

export function startOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

/** `web-3` of `web` is 3; -1 for a pod of another name. */
export function ordinalOf(set: StatefulSet, pod: { metadata: { name?: string } }): number {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata.name ?? '');
  return match && match[1] === set.metadata.name ? Number(match[2]) : -1;
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

export function claimName(set: StatefulSet, claim: PersistentVolumeClaim, ordinal: number): string {
  return `${claim.metadata.name}-${podName(set, ordinal)}`;
}

export interface Versioned {
  template: PodTemplateSpec;
  /** Name of the ControllerRevision. */
  revision: string;
}

export function draftPod(set: StatefulSet, ordinal: number, { template, revision }: Versioned): Draft<Pod> {
  const draft = podFromTemplate(set, template);
  const { generateName: _generated, ...metadata } = draft.metadata;
  const name = podName(set, ordinal);
  return {
    ...draft,
    metadata: {
      ...metadata,
      name,
      labels: { ...metadata.labels, ...identityLabels(set, ordinal), [revisionLabel]: revision },
    },
    spec: {
      ...draft.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...withClaims(set, ordinal, draft.spec.volumes),
    },
  };
}

function identityLabels(set: StatefulSet, ordinal: number): Record<string, string> {
  return { [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** A claim's volume takes the place of one of the same name. */
function withClaims(set: StatefulSet, ordinal: number, own: readonly Volume[] = []): { volumes?: Volume[] } {
  const claims = set.spec.volumeClaimTemplates ?? [];
  const names = new Set(claims.map(({ metadata }) => metadata.name));
  const volumes = [
    ...claims.map((claim) => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
    })),
    ...own.filter(({ name }) => !names.has(name)),
  ];
  return volumes.length > 0 ? { volumes } : {};
}

/** The pod with the labels that say who it is, or undefined when it has them. */
export function withIdentity(set: StatefulSet, pod: Pod): Pod | undefined {
  const labels = { ...pod.metadata.labels, ...identityLabels(set, ordinalOf(set, pod)) };
  if (deepEqual(labels, pod.metadata.labels ?? {})) return undefined;
  return { ...pod, metadata: { ...pod.metadata, labels } };
}

export function draftClaims(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  const { namespace = '' } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).map((claim) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, claim, ordinal),
      namespace,
      labels: { ...claim.metadata.labels, ...set.spec.selector.matchLabels },
      ...(claim.metadata.annotations ? { annotations: claim.metadata.annotations } : {}),
    },
    spec: structuredClone(claim.spec),
  }));
}
