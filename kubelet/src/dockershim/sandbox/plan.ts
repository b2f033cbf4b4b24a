/** Pure: the engine's create request for a pod's sandbox. */

import { CriError } from '@kubelab/proto/cri-error';
import type { LinuxSandboxSecurityContext, PodSandboxConfig, PortMapping } from '@kubelab/proto/generated/runtime-v1';
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import { refuseUserNamespace } from '../container/namespaces.js';
import { userOf } from '../container/security.js';
import { encodeLabels, label, sandboxName, sandboxType } from '../engine/names.js';
import { encodeHostPorts, hostPortsOf } from '../host-ports/plan.js';

/** The pause process gets next to no CPU share and is the last that the kernel's OOM killer takes. */
const sandboxCpuShares = 2;
export const sandboxOomScoreAdj = -998;

export interface SandboxPlanOptions {
  image: string;
  /** Used when the config names no cgroup parent; empty leaves it to the engine. */
  cgroupParent: string;
  cgroupDriver: string;
  clampOomScore(wanted: number): number;
  /** The engine publishes host ports; else they are written down for the shim's own rules. */
  publishHostPorts: boolean;
}

export function planSandbox(config: PodSandboxConfig, options: SandboxPlanOptions): ContainerCreateOptions {
  const metadata = config.metadata;
  if (!metadata?.name || !metadata.uid || !metadata.namespace) {
    throw new CriError('INVALID_ARGUMENT', 'sandbox config must include metadata with name, uid and namespace');
  }
  const security = config.linux?.securityContext;
  refuseUserNamespace(security?.namespaceOptions);
  const hostNetwork = security?.namespaceOptions?.network === 'NODE';
  const wanted = hostNetwork ? [] : config.portMappings.filter((port) => port.hostPort > 0);
  const ports = options.publishHostPorts ? wanted : [];
  const ownPorts = options.publishHostPorts ? [] : hostPortsOf(wanted);
  const user = userOf(security?.runAsUser, security?.runAsGroup, '');
  return {
    name: sandboxName(metadata),
    Image: options.image,
    ...(hostNetwork ? {} : { Hostname: config.hostname }),
    ...(user === undefined ? {} : { User: user }),
    Labels: encodeLabels(config.labels, config.annotations, {
      [label.type]: sandboxType,
      ...(ownPorts.length > 0 ? { [label.hostPorts]: encodeHostPorts(ownPorts) } : {}),
    }),
    ...(ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])) } : {}),
    HostConfig: {
      ...planNamespaces(security),
      ...planDns(config),
      ...(ports.length > 0 ? { PortBindings: planPorts(ports) } : {}),
      ...planCgroup(config, options),
      Sysctls: config.linux?.sysctls ?? {},
      OomScoreAdj: options.clampOomScore(sandboxOomScoreAdj),
      CpuShares: sandboxCpuShares,
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      // The image is our own and the process waits for signals only: compiling a seccomp profile for it would cost more than it protects.
      SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
    },
  };
}

function planNamespaces(security: LinuxSandboxSecurityContext | null | undefined): HostConfig {
  const namespaces = security?.namespaceOptions;
  const hostNetwork = namespaces?.network === 'NODE';
  return {
    NetworkMode: hostNetwork ? 'host' : 'default',
    ...(hostNetwork ? { UTSMode: 'host' } : {}),
    IpcMode: namespaces?.ipc === 'NODE' ? 'host' : 'shareable',
    ...(namespaces?.pid === 'NODE' ? { PidMode: 'host' } : {}),
  };
}

/** The engine fills what is missing from its own resolv.conf, so empty lists must be written as something that means nothing. */
function planDns({ dnsConfig }: PodSandboxConfig): HostConfig {
  if (!dnsConfig || dnsConfig.servers.length === 0) return {};
  return {
    Dns: dnsConfig.servers,
    DnsSearch: dnsConfig.searches.length > 0 ? dnsConfig.searches : ['.'],
    DnsOptions: dnsConfig.options.length > 0 ? dnsConfig.options : ['ndots:1'],
  };
}

function portKey({ containerPort, protocol }: PortMapping): string {
  return `${containerPort}/${protocol.toLowerCase()}`;
}

function planPorts(ports: PortMapping[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const list = bindings[portKey(port)] ?? [];
    bindings[portKey(port)] = list;
    list.push({ HostIp: port.hostIp, HostPort: String(port.hostPort) });
  }
  return bindings;
}

function planCgroup(config: PodSandboxConfig, options: SandboxPlanOptions): HostConfig {
  const parent = cgroupParentOf(config, options);
  return parent === '' ? {} : { CgroupParent: parent };
}

/** With the systemd driver the engine wants the name of a slice, not a path. */
export function cgroupParentOf(
  config: PodSandboxConfig,
  options: Pick<SandboxPlanOptions, 'cgroupParent' | 'cgroupDriver'>,
): string {
  const parent = config.linux?.cgroupParent || options.cgroupParent;
  return options.cgroupDriver === 'systemd' ? (parent.split('/').at(-1) ?? '') : parent;
}
