import type { Container, EphemeralContainer, Pod, PodStatus } from '@kubelab/api/types';

export type ContainerSpec = Container | EphemeralContainer;
export type ContainerKind = 'init' | 'app' | 'ephemeral';

/** `name_namespace(uid)`: how upstream's messages name a pod. */
export function formatPod(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;
}

export function namespaceOf(pod: Pod): string {
  return pod.metadata.namespace ?? 'default';
}

/** An init container that keeps running beside the app containers. */
export function isSidecar(container: ContainerSpec): boolean {
  return container.restartPolicy === 'Always';
}

export function sidecars(pod: Pod): Container[] {
  return (pod.spec.initContainers ?? []).filter(isSidecar);
}

/** Init, app and ephemeral containers, in that order. */
export function allContainers(pod: Pod): ContainerSpec[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];
}

export function findContainerSpec(
  pod: Pod,
  name: string,
): { container: ContainerSpec; kind: ContainerKind } | undefined {
  const init = pod.spec.initContainers?.find((container) => container.name === name);
  if (init) return { container: init, kind: 'init' };
  const app = pod.spec.containers.find((container) => container.name === name);
  if (app) return { container: app, kind: 'app' };
  const ephemeral = pod.spec.ephemeralContainers?.find((container) => container.name === name);
  return ephemeral ? { container: ephemeral, kind: 'ephemeral' } : undefined;
}

/** Upstream's kubecontainer.FullPodReference field path for events about one container. */
export function containerFieldPath(pod: Pod, name: string): string {
  const found = findContainerSpec(pod, name);
  const list = { init: 'initContainers', app: 'containers', ephemeral: 'ephemeralContainers' }[found?.kind ?? 'app'];
  return `spec.${list}{${name}}`;
}

export function isTerminalPhase(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

export function restartPolicyOf(pod: Pod): 'Always' | 'OnFailure' | 'Never' {
  const policy = pod.spec.restartPolicy;
  return policy === 'OnFailure' || policy === 'Never' ? policy : 'Always';
}

/** Seconds that a pod's containers get between TERM and KILL. */
export function gracePeriodOf(pod: Pod): number {
  return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}

/** Mirror and static pods are not in issue of the API server; critical pods are never evicted and get the best OOM score. */
export function isNodeCritical(pod: Pod): boolean {
  return (pod.spec.priority ?? 0) >= 2_000_001_000;
}
