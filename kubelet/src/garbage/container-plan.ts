/** Which dead containers are more than the node is to keep: upstream's container garbage collection. Pure. */
import type { PodState, RuntimeContainer } from '../runtime/pod-state.js';

export interface ContainerGcPolicy {
  /** Milliseconds that a container must have existed. */
  minAgeMs: number;
  /** Dead containers kept per container of a pod; negative: all. The newest one is always kept: it says how the container ended. */
  maxPerContainer: number;
  /** Dead containers kept on the node; negative: any number. */
  maxContainers: number;
}

/** Oldest first. */
export function surplusContainers(
  states: readonly PodState[],
  policy: ContainerGcPolicy,
  now: number,
): RuntimeContainer[] {
  const units = deadByContainer(states, now - policy.minAgeMs);
  const surplus = trim(units, policy.maxPerContainer < 0 ? Number.POSITIVE_INFINITY : policy.maxPerContainer);
  if (policy.maxContainers >= 0) {
    const left = units.flat().length;
    if (left > policy.maxContainers) surplus.push(...trim(units, Math.floor(policy.maxContainers / units.length)));
  }
  return surplus.sort((a, b) => a.createdAt - b.createdAt);
}

/** One list per container of a pod, newest first. */
function deadByContainer(states: readonly PodState[], newestAllowed: number): RuntimeContainer[][] {
  const units = new Map<string, RuntimeContainer[]>();
  for (const state of states) {
    for (const container of state.containers) {
      if (container.state !== 'CONTAINER_EXITED' && container.state !== 'CONTAINER_UNKNOWN') continue;
      if (container.createdAt > newestAllowed) continue;
      const key = `${state.uid}/${container.name}`;
      units.set(key, [...(units.get(key) ?? []), container]);
    }
  }
  return [...units.values()];
}

/** Cuts every list to `kept` and answers what was cut off. */
function trim(units: RuntimeContainer[][], kept: number): RuntimeContainer[] {
  return units.flatMap((unit) => unit.splice(Math.max(1, kept)));
}
