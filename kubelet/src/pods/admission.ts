/** Whether this node can take a pod that was bound to it: upstream's predicate admit handler. Pure. */
import { tolerates } from '@kubelab/api/pod/tolerations';
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint } from '@kubelab/api/types';
import { matchesRequirement, type SelectorOperator } from '@kubelab/apimachinery/labels';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import { add, podRequests, type ResourceAmounts } from './pod-requests.js';
import type { PodVerdict } from './status.js';

export interface AdmissionInput {
  pod: Pod;
  /** Pods that already have their place here. */
  others: readonly Pod[];
  node: { name: string; labels: Record<string, string>; taints: readonly Taint[]; allocatable: Record<string, string> };
}

const system = 'linux';

/** Undefined when the pod may run; else why it fails. */
export function rejectionOf(input: AdmissionInput): PodVerdict | undefined {
  return (
    wrongSystem(input) ??
    insufficientResource(input) ??
    failed('NodeAffinity', matchesNode(input)) ??
    failed('NodeName', !input.pod.spec.nodeName || input.pod.spec.nodeName === input.node.name) ??
    failed('NodePorts', portsAreFree(input)) ??
    failed('TaintToleration', toleratesNoExecute(input))
  );
}

function wrongSystem({ pod, node }: AdmissionInput): PodVerdict | undefined {
  const wanted = pod.spec.nodeSelector?.['kubernetes.io/os'];
  if (wanted !== undefined && wanted !== (node.labels['kubernetes.io/os'] ?? system)) {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (pod.spec.os === undefined || pod.spec.os.name === system) return undefined;
  return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
}

function failed(predicate: string, passes: boolean): PodVerdict | undefined {
  return passes ? undefined : { reason: predicate, message: `Predicate ${predicate} failed` };
}

function insufficientResource({ pod, others, node }: AdmissionInput): PodVerdict | undefined {
  const room = parseQuantity(node.allocatable['pods'] ?? '0').value();
  if (others.length + 1 > room) return outOf('pods', 1, others.length, room);
  const wanted = podRequests(pod);
  const used: ResourceAmounts = new Map();
  for (const other of others) add(used, podRequests(other));
  for (const [name, request] of wanted) {
    if (request.isZero()) continue;
    const capacity = parseQuantity(node.allocatable[name] ?? '0');
    const taken = used.get(name) ?? Quantity.zero;
    if (request.add(taken).compare(capacity) <= 0) continue;
    const unit = (amount: Quantity): number => (name === 'cpu' ? amount.milliValue() : amount.value());
    return outOf(name, unit(request), unit(taken), unit(capacity));
  }
  return undefined;
}

function outOf(resource: string, requested: number, used: number, capacity: number): PodVerdict {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}

function matchesNode({ pod, node }: AdmissionInput): boolean {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (node.labels[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return true;
  return required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));
}

/** Whether a node selector term means this node. */
export function matchesNodeTerm(
  term: NodeSelectorTerm,
  node: { name: string; labels: Record<string, string> },
): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((item) => matches(item, node.labels)) &&
    matchFields.every((item) => matches(item, { 'metadata.name': node.name }))
  );
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

function matches(requirement: NodeSelectorRequirement, labels: Record<string, string>): boolean {
  const operator = operators[requirement.operator];
  return (
    operator !== undefined &&
    matchesRequirement({ key: requirement.key, operator, values: requirement.values ?? [] }, labels)
  );
}

function portsAreFree({ pod, others }: AdmissionInput): boolean {
  const taken = others.flatMap(hostPorts);
  return hostPorts(pod).every((wanted) => !taken.some((port) => overlaps(port, wanted)));
}

interface HostPort {
  ip: string;
  port: number;
  protocol: string;
}

function hostPorts(pod: Pod): HostPort[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({
        ip: port.hostIP || '0.0.0.0',
        port: port.hostPort as number,
        protocol: port.protocol ?? 'TCP',
      })),
  );
}

function overlaps(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
  return sameAddress && a.port === b.port && a.protocol === b.protocol;
}

function toleratesNoExecute({ pod, node }: AdmissionInput): boolean {
  return node.taints
    .filter((taint) => taint.effect === 'NoExecute')
    .every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}
