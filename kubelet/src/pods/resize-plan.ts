/** In-place resize: which running containers do not have what their pod's spec now says, and whether the node can give it. Pure. */
import type { Container, Pod, ResourceRequirements } from '@kubelab/api/types';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import { resourcesAnnotation } from '../runtime/labels.js';
import { findContainer, isRunning, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { resizableContainers } from './allocations.js';
import { add, podRequests, type ResourceAmounts } from './pod-requests.js';

export interface ContainerResize {
  id: string;
  container: Container;
  /** The container's resizePolicy asks for a new start. */
  restart: boolean;
}

const resizable = ['cpu', 'memory'] as const;

/** What a container was made with, or has been given since. Undefined for one that does not say. */
export function currentResources(
  container: RuntimeContainer,
  applied: ReadonlyMap<string, ResourceRequirements>,
): ResourceRequirements | undefined {
  const text = container.annotations[resourcesAnnotation];
  return applied.get(container.id) ?? (text ? (JSON.parse(text) as ResourceRequirements) : undefined);
}

export function planResize(
  pod: Pod,
  state: PodState,
  applied: ReadonlyMap<string, ResourceRequirements>,
): ContainerResize[] {
  return resizableContainers(pod).flatMap((container) => {
    const running = findContainer(state, container.name);
    const current = running && isRunning(running) ? currentResources(running, applied) : undefined;
    if (!running || !current) return [];
    const changed = resizable.filter((name) => isDifferent(name, current, container.resources ?? {}));
    if (changed.length === 0) return [];
    const restart = changed.some(
      (name) =>
        container.resizePolicy?.find((policy) => policy.resourceName === name)?.restartPolicy === 'RestartContainer',
    );
    return [{ id: running.id, container, restart }];
  });
}

function isDifferent(name: string, before: ResourceRequirements, after: ResourceRequirements): boolean {
  return (['requests', 'limits'] as const).some(
    (part) => amount(before[part]?.[name]).compare(amount(after[part]?.[name])) !== 0,
  );
}

function amount(text: string | undefined): Quantity {
  return text === undefined ? Quantity.zero : parseQuantity(text);
}

export interface PendingResize {
  reason: 'Infeasible' | 'Deferred';
  message: string;
}

/** Why the node cannot give the pod what it now asks for; undefined when it can. `others` hold their place. */
export function pendingReason(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): PendingResize | undefined {
  const used: ResourceAmounts = new Map();
  for (const other of others) add(used, podRequests(other));
  const wanted = [...podRequests(pod)].filter(([name]) => (resizable as readonly string[]).includes(name));
  for (const [name, request] of wanted) {
    const capacity = amount(allocatable[name]);
    if (request.compare(capacity) <= 0) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${unit(name, request)}, capacity: ${unit(name, capacity)}`;
    return { reason: 'Infeasible', message };
  }
  for (const [name, request] of wanted) {
    const capacity = amount(allocatable[name]);
    const taken = used.get(name) ?? Quantity.zero;
    if (request.add(taken).compare(capacity) <= 0) continue;
    const message = `Node didn't have enough resource: ${name}, requested: ${unit(name, request)}, used: ${unit(name, taken)}, capacity: ${unit(name, capacity)}`;
    return { reason: 'Deferred', message };
  }
  return undefined;
}

function unit(name: string, quantity: Quantity): number {
  return name === 'cpu' ? quantity.milliValue() : quantity.value();
}
