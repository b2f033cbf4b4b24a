import { createHash } from 'node:crypto';
import type { Pod } from '@kubelab/api/types';
import type { PodSandboxConfigInput, PortMappingInput, Protocol } from '@kubelab/proto/generated/runtime-v1';
import { namespaceOf } from '../pods/pod.js';
import {
  configSeenAnnotation,
  configSourceAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
} from '../runtime/labels.js';
import { logDirectoryOf, type NodePaths } from './paths.js';
import type { PodHostname } from './pod-hostname.js';
import type { DnsConfig } from './resolv-conf.js';
import { namespaceOptions, seccompOf } from './security-context.js';

export interface SandboxOptions {
  attempt: number;
  paths: NodePaths;
  hostname: PodHostname;
  dns: DnsConfig;
  /** Empty: the runtime's default. */
  cgroupParent: string;
  seccompRoot: string;
}

/** CRI's description of a pod: the same for the sandbox and for every container in it. */
export function sandboxConfig(pod: Pod, options: SandboxOptions): PodSandboxConfigInput {
  const { metadata, spec } = pod;
  return {
    metadata: { name: metadata.name, uid: metadata.uid, namespace: namespaceOf(pod), attempt: options.attempt },
    ...(spec.hostNetwork ? {} : { hostname: options.hostname.hostname }),
    logDirectory: logDirectoryOf(options.paths, pod),
    dnsConfig: options.dns,
    portMappings: portMappings(pod),
    labels: {
      ...metadata.labels,
      [podNameLabel]: metadata.name,
      [podNamespaceLabel]: namespaceOf(pod),
      [podUidLabel]: metadata.uid,
    },
    annotations: {
      ...metadata.annotations,
      [configSeenAnnotation]: metadata.creationTimestamp,
      [configSourceAnnotation]: metadata.annotations?.[configSourceAnnotation] ?? 'api',
    },
    linux: {
      ...(options.cgroupParent ? { cgroupParent: options.cgroupParent } : {}),
      sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
      securityContext: sandboxSecurity(pod, options.seccompRoot),
    },
  };
}

function sandboxSecurity(
  pod: Pod,
  seccompRoot: string,
): NonNullable<NonNullable<PodSandboxConfigInput['linux']>['securityContext']> {
  const shared = pod.spec.securityContext ?? {};
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: containers.some((container) => container.securityContext?.privileged === true),
    ...(shared.runAsUser === undefined ? {} : { runAsUser: { value: shared.runAsUser } }),
    ...(shared.runAsGroup === undefined ? {} : { runAsGroup: { value: shared.runAsGroup } }),
    supplementalGroups: [
      ...(shared.fsGroup === undefined ? [] : [shared.fsGroup]),
      ...(shared.supplementalGroups ?? []),
    ],
    // The pause process needs nothing unusual, so it is confined even when the containers are not.
    seccomp: shared.seccompProfile ? seccompOf(shared.seccompProfile, seccompRoot) : { profileType: 'RuntimeDefault' },
  };
}

function portMappings(pod: Pod): PortMappingInput[] {
  if (pod.spec.hostNetwork) return [];
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({
        protocol: (port.protocol ?? 'TCP') as Protocol,
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? '',
      })),
  );
}

/** Changes when a running container no longer matches its definition: upstream hashes the name and the image. */
export function containerHash(container: { name: string; image?: string }): string {
  return createHash('sha256')
    .update(JSON.stringify([container.name, container.image ?? '']))
    .digest('hex')
    .slice(0, 8);
}
