/** What a pod asks for, in plain numbers: pure. */

import type { Container, Pod } from '@kubelab/api/types';
import { parseQuantity } from '@kubelab/apimachinery/quantity';

/** CPU in thousandths, everything else in whole units (bytes, pieces). */
export type Resources = Readonly<Record<string, number>>;

/** Upstream's stand-ins for containers that ask for nothing, used for scoring only. */
const defaultMilliCpu = 100;
const defaultMemoryBytes = 200 * 1024 * 1024;

export function toResources(quantities: Record<string, string> | undefined): Resources {
  const result: Record<string, number> = Object.create(null);
  for (const [name, text] of Object.entries(quantities ?? {})) result[name] = toNumber(name, text);
  return result;
}

function toNumber(resource: string, text: string): number {
  const quantity = parseQuantity(text);
  return Number(resource === 'cpu' ? quantity.milliValue() : quantity.value());
}

export interface PodRequests {
  requests: Resources;
  /** With stand-ins for what is not asked for. */
  scoring: Resources;
}

const computed = new WeakMap<Pod, PodRequests>();

/** Kept per pod object: pods in caches never change in place. */
export function podRequests(pod: Pod): PodRequests {
  let result = computed.get(pod);
  if (!result) {
    result = {
      requests: sumPod(pod, (container) => toResources(container.resources?.requests)),
      scoring: sumPod(pod, scoringRequests),
    };
    computed.set(pod, result);
  }
  return result;
}

function scoringRequests(container: Container): Resources {
  return { cpu: defaultMilliCpu, memory: defaultMemoryBytes, ...toResources(container.resources?.requests) };
}

/**
 * Containers run together; init containers run one after the other beside the sidecars that were started before them; the pod needs
 * whichever is larger, plus its overhead (upstream's PodRequests).
 */
function sumPod(pod: Pod, of: (container: Container) => Resources): Resources {
  let running: Resources = {};
  let sidecars: Resources = {};
  let starting: Resources = {};
  for (const container of pod.spec.containers) running = addResources(running, of(container));
  for (const container of pod.spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = addResources(sidecars, of(container));
      starting = maxResources(starting, sidecars);
    } else {
      starting = maxResources(starting, addResources(sidecars, of(container)));
    }
  }
  const total = maxResources(addResources(running, sidecars), starting);
  return addResources(total, toResources(pod.spec.overhead));
}

export function addResources(a: Resources, b: Resources): Resources {
  const result: Record<string, number> = { ...a };
  for (const [name, value] of Object.entries(b)) result[name] = (result[name] ?? 0) + value;
  return result;
}

export function subtractResources(a: Resources, b: Resources): Resources {
  const result: Record<string, number> = { ...a };
  for (const [name, value] of Object.entries(b)) result[name] = (result[name] ?? 0) - value;
  return result;
}

function maxResources(a: Resources, b: Resources): Resources {
  const result: Record<string, number> = { ...a };
  for (const [name, value] of Object.entries(b)) result[name] = Math.max(result[name] ?? 0, value);
  return result;
}
