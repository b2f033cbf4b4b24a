/** What a node's silence and conditions mean for its conditions and taints: pure. */

import type { Lease, Node, NodeCondition, Taint } from '@kubelab/api/types';

export const unreachable = 'node.kubernetes.io/unreachable';
export const notReady = 'node.kubernetes.io/not-ready';

/** When the kubelet was last seen to change something, by our own clock. */
export interface Heartbeat {
  /** What was seen; a change of it is a sign of life. */
  seen: string;
  at: number;
}

export function heartbeatOf(node: Node, lease: Lease | undefined): string {
  const conditions = node.status?.conditions ?? [];
  return JSON.stringify([
    lease?.spec?.renewTime ?? '',
    conditions.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? '',
  ]);
}

const kubeletConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** The conditions of a node whose kubelet is silent; undefined when they say so already. */
export function silentConditions(node: Node, now: string): NodeCondition[] | undefined {
  const old = node.status?.conditions ?? [];
  let changed = false;
  const next = kubeletConditions.map((type): NodeCondition => {
    const condition = old.find((item) => item.type === type);
    if (condition?.status === 'Unknown') return condition;
    changed = true;
    const posted = condition !== undefined;
    return {
      type,
      status: 'Unknown',
      reason: posted ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: posted ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastHeartbeatTime: condition?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
      lastTransitionTime: now,
    };
  });
  if (!changed) return undefined;
  const others = old.filter(({ type }) => !kubeletConditions.some((known) => known === type));
  return [...others, ...next];
}

export function readyStatus(node: Node): 'True' | 'False' | 'Unknown' {
  const status = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return status === 'True' || status === 'False' ? status : 'Unknown';
}

/** NoSchedule taints that the node's conditions call for. */
export function scheduleTaints(node: Node): string[] {
  const conditions = new Map((node.status?.conditions ?? []).map(({ type, status }) => [type, status]));
  const taints: string[] = [];
  const ready = conditions.get('Ready');
  if (ready === 'False') taints.push(notReady);
  else if (ready !== 'True') taints.push(unreachable);
  if (conditions.get('MemoryPressure') === 'True') taints.push('node.kubernetes.io/memory-pressure');
  if (conditions.get('DiskPressure') === 'True') taints.push('node.kubernetes.io/disk-pressure');
  if (conditions.get('PIDPressure') === 'True') taints.push('node.kubernetes.io/pid-pressure');
  if (conditions.get('NetworkUnavailable') === 'True') taints.push('node.kubernetes.io/network-unavailable');
  if (node.spec.unschedulable) taints.push('node.kubernetes.io/unschedulable');
  return taints;
}

const managedScheduleTaints: ReadonlySet<string> = new Set([
  notReady,
  unreachable,
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/network-unavailable',
  'node.kubernetes.io/unschedulable',
]);

/** The node's taints with ours brought up to date; undefined when they are right. `evict`: which NoExecute taint it should carry. */
export function nextTaints(
  node: Node,
  options: { evict: 'unreachable' | 'not-ready' | 'none' | 'keep'; now: string },
): Taint[] | undefined {
  const old = node.spec.taints ?? [];
  const schedule = new Set(scheduleTaints(node));
  const execute = options.evict === 'unreachable' ? unreachable : options.evict === 'not-ready' ? notReady : undefined;
  const kept = old.filter(({ key, effect }) => {
    if (effect === 'NoSchedule' && managedScheduleTaints.has(key)) return schedule.has(key);
    if (effect === 'NoExecute' && (key === unreachable || key === notReady))
      return options.evict === 'keep' || key === execute;
    return true;
  });
  const has = (key: string, effect: string): boolean =>
    kept.some((taint) => taint.key === key && taint.effect === effect);
  const added: Taint[] = [...schedule]
    .filter((key) => !has(key, 'NoSchedule'))
    .map((key) => ({ key, effect: 'NoSchedule', timeAdded: options.now }));
  if (execute !== undefined && !has(execute, 'NoExecute'))
    added.push({ key: execute, effect: 'NoExecute', timeAdded: options.now });
  return kept.length === old.length && added.length === 0 ? undefined : [...kept, ...added];
}

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** Upstream's ComputeZoneState: how much of a zone has to be silent before evicting looks like the wrong answer. */
export function zoneState(nodes: readonly Node[], unhealthyThreshold: number): ZoneState {
  const bad = nodes.filter((node) => readyStatus(node) !== 'True').length;
  if (bad > 0 && bad === nodes.length) return 'FullDisruption';
  if (bad > 2 && bad / nodes.length >= unhealthyThreshold) return 'PartialDisruption';
  return 'Normal';
}

export function zoneOf(node: Node): string {
  const { labels = {} } = node.metadata;
  return `${labels['topology.kubernetes.io/region'] ?? ''}:${labels['topology.kubernetes.io/zone'] ?? ''}`;
}
