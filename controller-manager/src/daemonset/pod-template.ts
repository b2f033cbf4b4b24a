/** What a DaemonSet adds to its pods: their node, the tolerations of a daemon, and the mark of their revision. Pure. */

import type { Affinity, DaemonSet, Pod, PodSpec, PodTemplateSpec, Toleration } from '@kubelab/api/types';
import { revisionLabel } from '../history/revisions.js';

const generationAnnotation = 'deprecated.daemonset.template.generation';
const generationLabel = 'pod-template-generation';

function toleration(name: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', effect };
}

/** The template's tolerations and those of every daemon: it runs on nodes that are in trouble or cordoned. */
export function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const added = [
    toleration('not-ready', 'NoExecute'),
    toleration('unreachable', 'NoExecute'),
    toleration('disk-pressure', 'NoSchedule'),
    toleration('memory-pressure', 'NoSchedule'),
    toleration('pid-pressure', 'NoSchedule'),
    toleration('unschedulable', 'NoSchedule'),
    ...(spec?.hostNetwork ? [toleration('network-unavailable', 'NoSchedule')] : []),
  ];
  const own = spec?.tolerations ?? [];
  const isNew = (candidate: Toleration): boolean =>
    !own.some(
      ({ key, operator, effect, value = '' }) =>
        key === candidate.key && operator === candidate.operator && effect === candidate.effect && value === '',
    );
  return [...own, ...added.filter(isNew)];
}

export function daemonTemplate({ metadata, spec }: DaemonSet, hash: string, nodeName: string): PodTemplateSpec {
  const { template } = spec;
  const generation = metadata.annotations?.[generationAnnotation];
  const podSpec = template.spec ?? { containers: [] };
  return {
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        [revisionLabel]: hash,
        ...(generation ? { [generationLabel]: generation } : {}),
      },
    },
    spec: { ...podSpec, tolerations: daemonTolerations(podSpec), affinity: onlyOn(nodeName, podSpec.affinity) },
  };
}

/** The scheduler binds the pod to this node and no other. */
function onlyOn(nodeName: string, affinity: Affinity | undefined): Affinity {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
}

/** The node a daemon's pod runs on or is meant for; undefined when it says neither. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values = [] } of matchFields)
      if (key === 'metadata.name' && operator === 'In' && values.length === 1) return values[0];
  }
  return undefined;
}

/** Of the template with this hash, or (for pods of an earlier release) of this generation. */
export function isUpdated(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[revisionLabel] === hash;
}
