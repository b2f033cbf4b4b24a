import type { ContainerStatus, Pod, PodCondition } from '@kubelab/api/types';
import { hasStarted, type PodPhase } from './phase.js';
import { isSidecar } from './pod.js';

/** Condition types that only the kubelet sets; all others are left as they are. */
export const kubeletConditions: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
];

type Condition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

interface ContainerFacts {
  byName: Map<string, ContainerStatus>;
  phase: PodPhase;
}

/** The kubelet's conditions in upstream's order, without times. */
export function podConditions(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
  options: { sandboxReady: boolean; others: readonly PodCondition[] },
): Condition[] {
  const facts: ContainerFacts = { byName: new Map(statuses.map((status) => [status.name, status])), phase };
  const containersReady = containersReadyCondition(pod, facts);
  return [
    { type: 'PodReadyToStartContainers', status: options.sandboxReady ? 'True' : 'False' },
    initializedCondition(pod, facts),
    readyCondition(pod, containersReady, options.others),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ];
}

function names(title: string, list: string[]): string[] {
  return list.length > 0 ? [`containers with ${title} status: [${list.join(' ')}]`] : [];
}

function initializedCondition(pod: Pod, { byName, phase }: ContainerFacts): Condition {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of pod.spec.initContainers ?? []) {
    const status = byName.get(container.name);
    if (!status) unknown.push(container.name);
    else if (isSidecar(container) ? !status.started : !status.ready) incomplete.push(container.name);
  }
  if (phase === 'Succeeded' && unknown.length === 0)
    return { type: 'Initialized', status: 'True', reason: 'PodCompleted' };
  const started = pod.spec.containers.some((container) => hasStarted(byName.get(container.name)));
  const message = [...names('unknown', unknown), ...names('incomplete', incomplete)].join(', ');
  if (started || message === '') return { type: 'Initialized', status: 'True' };
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReadyCondition(pod: Pod, { byName, phase }: ContainerFacts): Condition {
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const container of [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]) {
    const status = byName.get(container.name);
    if (!status) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  const type = 'ContainersReady';
  if (phase === 'Succeeded' && unknown.length === 0) return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const message = [...names('unknown', unknown), ...names('unready', unready)].join(', ');
  return message === '' ? { type, status: 'True' } : { type, status: 'False', reason: 'ContainersNotReady', message };
}

function readyCondition(pod: Pod, containersReady: Condition, others: readonly PodCondition[]): Condition {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' };
  const messages: string[] = [];
  for (const gate of pod.spec.readinessGates ?? []) {
    const condition = others.find((item) => item.type === gate.conditionType);
    if (!condition) {
      messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`);
    } else if (condition.status !== 'True') {
      messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`);
    }
  }
  if (messages.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}
