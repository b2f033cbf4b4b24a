/** The pieces that checks are made of. Pure. */

import type { Container, Pod, SecurityContext } from '@kubelab/api/types';

/** What a check looks at: a pod or the template of one. */
export interface PodLike {
  annotations: Readonly<Record<string, string>>;
  spec: Pod['spec'];
}

/** Why a pod does not meet the standard. */
export interface Finding {
  reason: string;
  detail: string;
}

export interface Check {
  /** First minor version of the standard that has it. */
  since: number;
  /** Name of a baseline check that this one makes superfluous. */
  replaces?: string;
  id: string;
  run(pod: PodLike, minor: number): Finding | undefined;
}

export type AnyContainer = Container & { securityContext?: SecurityContext };

/** Init containers, containers, ephemeral containers, in this order. */
export function containersOf(pod: PodLike): AnyContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec;
  return [...initContainers, ...containers, ...(ephemeralContainers as unknown as AnyContainer[])];
}

export function namesWhere(pod: PodLike, isBad: (container: AnyContainer) => boolean): string[] {
  return containersOf(pod)
    .filter(isBad)
    .map((container) => container.name);
}

export function quote(values: Iterable<string>): string {
  return [...values].map((value) => `"${value}"`).join(', ');
}

export function plural(count: number, singular: string, several: string): string {
  return count === 1 ? singular : several;
}

/** `container "a"`, `containers "a", "b"`. */
export function containersText(names: readonly string[]): string {
  return `${plural(names.length, 'container', 'containers')} ${quote(names)}`;
}

/** Who sets something wrong: the pod, containers, or both: `pod and container "a"`. */
export function settersText(podIsBad: boolean, names: readonly string[]): string {
  return [...(podIsBad ? ['pod'] : []), ...(names.length > 0 ? [containersText(names)] : [])].join(' and ');
}

export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}
