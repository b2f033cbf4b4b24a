/** What a pod asks for as a whole. Pure. */

import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import type { Container, Pod } from '../types.js';

export type ResourceAmounts = Map<string, Quantity>;

export function amountsOf(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return new Map(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(value)]));
}

export function addAmounts(into: ResourceAmounts, more: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of more) into.set(name, (into.get(name) ?? Quantity.zero).add(quantity));
}

function raiseTo(into: ResourceAmounts, least: ResourceAmounts): void {
  for (const [name, quantity] of least) {
    const known = into.get(name);
    if (!known || known.compare(quantity) < 0) into.set(name, quantity);
  }
}

export type Side = 'requests' | 'limits';

/**
 * Upstream's PodRequests and PodLimits: containers and sidecars together, at least what each init container needs beside the sidecars
 * started before it, and the overhead.
 */
export function podAmounts(pod: Pod, side: Side): ResourceAmounts {
  const of = (container: Container): ResourceAmounts => amountsOf(container.resources?.[side]);
  const total: ResourceAmounts = new Map();
  for (const container of pod.spec.containers ?? []) addAmounts(total, of(container));
  const sidecars: ResourceAmounts = new Map();
  const initial: ResourceAmounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const needed = of(container);
    if (container.restartPolicy === 'Always') {
      addAmounts(total, needed);
      addAmounts(sidecars, needed);
      raiseTo(initial, sidecars);
    } else {
      addAmounts(needed, sidecars);
      raiseTo(initial, needed);
    }
  }
  raiseTo(total, initial);
  for (const [name, quantity] of amountsOf(pod.spec.resources?.[side])) total.set(name, quantity);
  for (const [name, quantity] of amountsOf(pod.spec.overhead)) {
    // A limit that is not set stays without limit.
    if (side === 'requests' || total.has(name)) total.set(name, (total.get(name) ?? Quantity.zero).add(quantity));
  }
  return total;
}
