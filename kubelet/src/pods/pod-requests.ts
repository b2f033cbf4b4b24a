import type { Container, Pod } from '@kubelab/api/types';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import { isSidecar } from './pod.js';

export type ResourceAmounts = Map<string, Quantity>;

/** What a pod asks its node for, as upstream's resource.PodRequests: the larger of what runs at the same time before and after initialization. */
export function podRequests(pod: Pod): ResourceAmounts {
  const total: ResourceAmounts = new Map();
  for (const container of pod.spec.containers) add(total, requestsOf(container));
  const running: ResourceAmounts = new Map();
  const peak: ResourceAmounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) {
      add(total, requestsOf(container));
      add(running, requestsOf(container));
      raise(peak, running);
    } else {
      const together = new Map(running);
      add(together, requestsOf(container));
      raise(peak, together);
    }
  }
  raise(total, peak);
  for (const [name, amount] of amountsOf(pod.spec.resources?.requests)) total.set(name, amount);
  add(total, amountsOf(pod.spec.overhead));
  return total;
}

function requestsOf(container: Container): ResourceAmounts {
  return amountsOf({ ...container.resources?.limits, ...container.resources?.requests });
}

function amountsOf(list: Record<string, string> | undefined): ResourceAmounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

export function add(target: ResourceAmounts, more: ResourceAmounts): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? Quantity.zero).add(amount));
}

function raise(target: ResourceAmounts, floor: ResourceAmounts): void {
  for (const [name, amount] of floor) {
    if ((target.get(name) ?? Quantity.zero).compare(amount) < 0) target.set(name, amount);
  }
}
