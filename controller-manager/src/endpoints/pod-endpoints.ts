/** What both endpoint controllers derive from a service and a pod: pure. */

import type { Pod, Service, ServicePort } from '@kubelab/api/types';
import { isPodReady, isPodTerminated } from '../pods/pod-state.js';

export interface ResolvedPort {
  name: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

/** The service's ports as numbers of this pod; a named target port that the pod does not have is left out. */
export function resolvePorts(service: Service, pod: Pod): ResolvedPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (target === undefined) return port;
  if (typeof target === 'number') return target === 0 ? port : target;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find((item) => item.name === target && (item.protocol ?? 'TCP') === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}

/** Has an address and has not ended. Pods on their way out count only with `includeTerminating`. */
export function isEndpoint(pod: Pod, options: { includeTerminating: boolean }): boolean {
  if (isPodTerminated(pod) || !pod.status?.podIP) return false;
  return options.includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

export function isServing(service: Service, pod: Pod): boolean {
  return service.spec.publishNotReadyAddresses === true || isPodReady(pod);
}

/** The pod's own name in the service's domain, for pods that ask for one. */
export function endpointHostname(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec;
  return hostname && subdomain === service.metadata.name && pod.metadata.namespace === service.metadata.namespace
    ? hostname
    : undefined;
}

/** When the newest of the causes happened: the last change of a pod's readiness, or the service's creation. */
export function lastTriggerTime(service: Service, pods: readonly Pod[]): string {
  const times = pods.map(
    (pod) => pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '',
  );
  return [service.metadata.creationTimestamp, ...times].sort().at(-1) ?? '';
}

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
export const headlessLabel = 'service.kubernetes.io/headless';

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None';
}

export function hasSelector(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && Object.keys(service.spec.selector ?? {}).length > 0;
}
