/** The checks of the level "baseline": nothing that is known to give a pod the node. Reasons and details as upstream. */

import type { SELinuxOptions } from '@kubelab/api/types';
import {
  type AnyContainer,
  type Check,
  containersOf,
  containersText,
  type Finding,
  namesWhere,
  type PodLike,
  plural,
  quote,
  settersText,
  sorted,
} from './findings.js';
import { hostProbes } from './host-probes.js';

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function privilegedContainers(pod: PodLike): Finding | undefined {
  const names = namesWhere(pod, (container) => container.securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containersText(names)} must not set securityContext.privileged=true` };
}

function hostNamespaces(pod: PodLike): Finding | undefined {
  const fields = ['hostNetwork', 'hostPID', 'hostIPC'] as const;
  const set = fields.filter((field) => pod.spec[field] === true);
  return set.length > 0
    ? { reason: 'host namespaces', detail: set.map((field) => `${field}=true`).join(', ') }
    : undefined;
}

function hostPathVolumes(pod: PodLike): Finding | undefined {
  const names = (pod.spec.volumes ?? []).filter((volume) => volume.hostPath).map((volume) => volume.name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume', 'volumes')} ${quote(names)}` };
}

function hostPorts(pod: PodLike): Finding | undefined {
  const names = namesWhere(pod, (container) => (container.ports ?? []).some((port) => port.hostPort));
  if (names.length === 0) return undefined;
  const all = containersOf(pod).flatMap((container) => (container.ports ?? []).map((port) => port.hostPort ?? 0));
  const ports = sorted(all.filter((port) => port !== 0).map(String));
  const detail = `${containersText(names)} ${plural(names.length, 'uses', 'use')} ${plural(ports.length, 'hostPort', 'hostPorts')} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
}

function capabilities(pod: PodLike): Finding | undefined {
  const added = (container: AnyContainer): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name));
  const names = namesWhere(pod, (container) => added(container).length > 0);
  if (names.length === 0) return undefined;
  const forbidden = sorted(containersOf(pod).flatMap(added));
  const detail = `${containersText(names)} must not include ${quote(forbidden)} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
}

function seLinuxOptions(pod: PodLike, minor: number): Finding | undefined {
  const allowed = [
    '',
    'container_t',
    'container_init_t',
    'container_kvm_t',
    ...(minor >= 31 ? ['container_engine_t'] : []),
  ];
  const isBad = (options: SELinuxOptions | undefined): boolean =>
    options !== undefined && (!allowed.includes(options.type ?? '') || Boolean(options.user) || Boolean(options.role));
  const podIsBad = isBad(pod.spec.securityContext?.seLinuxOptions);
  const names = namesWhere(pod, (container) => isBad(container.securityContext?.seLinuxOptions));
  if (!podIsBad && names.length === 0) return undefined;
  const all = [
    pod.spec.securityContext?.seLinuxOptions,
    ...containersOf(pod).map((container) => container.securityContext?.seLinuxOptions),
  ];
  const types = sorted(all.map((options) => options?.type ?? '').filter((type) => !allowed.includes(type)));
  const data = [
    ...(types.length > 0 ? [`${plural(types.length, 'type', 'types')} ${quote(types)}`] : []),
    ...(all.some((options) => options?.user) ? ['user may not be set'] : []),
    ...(all.some((options) => options?.role) ? ['role may not be set'] : []),
  ];
  const detail = `${settersText(podIsBad, names)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`;
  return { reason: 'seLinuxOptions', detail };
}

function procMount(pod: PodLike): Finding | undefined {
  const procMountOf = (container: AnyContainer): string => container.securityContext?.procMount ?? 'Default';
  const names = namesWhere(pod, (container) => procMountOf(container) !== 'Default');
  if (names.length === 0) return undefined;
  const values = sorted(
    containersOf(pod)
      .map(procMountOf)
      .filter((value) => value !== 'Default'),
  );
  return {
    reason: 'procMount',
    detail: `${containersText(names)} must not set securityContext.procMount to ${quote(values)}`,
  };
}

const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerKey = 'container.seccomp.security.alpha.kubernetes.io/';

/** Before 1.19 profiles were annotations. */
function seccompAnnotations(pod: PodLike): Finding | undefined {
  const isGood = (value: string): boolean =>
    value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
  const keys = [seccompPodKey, ...containersOf(pod).map(({ name }) => `${seccompContainerKey}${name}`)];
  const bad = keys.flatMap((key) => {
    const value = pod.annotations[key];
    return value === undefined || isGood(value) ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  if (bad.length === 0) return undefined;
  const all = sorted(bad);
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural(all.length, 'annotation', 'annotations')} ${all.join(', ')}`,
  };
}

function seccompProfile(pod: PodLike, minor: number): Finding | undefined {
  if (minor < 19) return seccompAnnotations(pod);
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const podType = pod.spec.securityContext?.seccompProfile?.type;
  const names = namesWhere(pod, (container) => isBad(container.securityContext?.seccompProfile?.type));
  if (!isBad(podType) && names.length === 0) return undefined;
  const types = [podType, ...containersOf(pod).map((container) => container.securityContext?.seccompProfile?.type)];
  const values = sorted(types.filter((type): type is string => isBad(type)));
  const detail = `${settersText(isBad(podType), names)} must not set securityContext.seccompProfile.type to ${quote(values)}`;
  return { reason: 'seccompProfile', detail };
}

/** Safe sysctls, and the version of the standard that took them in. */
const safeSysctls: readonly (readonly [string, number])[] = [
  ['kernel.shm_rmid_forced', 0],
  ['net.ipv4.ip_local_port_range', 0],
  ['net.ipv4.tcp_syncookies', 0],
  ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0],
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
];

function sysctls(pod: PodLike, minor: number): Finding | undefined {
  const allowed = new Set(safeSysctls.filter(([, since]) => minor >= since).map(([name]) => name));
  const names = (pod.spec.securityContext?.sysctls ?? [])
    .map((sysctl) => sysctl.name)
    .filter((name) => !allowed.has(name));
  return names.length > 0 ? { reason: 'forbidden sysctls', detail: names.join(', ') } : undefined;
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function appArmorProfile(pod: PodLike): Finding | undefined {
  const isBadType = (type: string | undefined): boolean =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const podType = pod.spec.securityContext?.appArmorProfile?.type;
  const names = namesWhere(pod, (container) => isBadType(container.securityContext?.appArmorProfile?.type));
  const types = [podType, ...containersOf(pod).map((container) => container.securityContext?.appArmorProfile?.type)];
  const badTypes = sorted(types.filter((type): type is string => isBadType(type)));
  const setters = settersText(isBadType(podType), names);
  const annotations = Object.entries(pod.annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !isAllowedProfile(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const details = [
    ...annotations,
    ...(setters === '' ? [] : [`${setters} must not set AppArmor profile type to ${quote(badTypes)}`]),
  ];
  if (details.length === 0) return undefined;
  const count = annotations.length + badTypes.length;
  return {
    reason: plural(count, 'forbidden AppArmor profile', 'forbidden AppArmor profiles'),
    detail: details.join(', '),
  };
}

function isAllowedProfile(profile: string): boolean {
  return profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/');
}

function hostProcess(pod: PodLike): Finding | undefined {
  const podIsBad = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
  const names = namesWhere(pod, (container) => container.securityContext?.windowsOptions?.hostProcess === true);
  if (!podIsBad && names.length === 0) return undefined;
  const detail = `${settersText(podIsBad, names)} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: 'hostProcess', detail };
}

/** In upstream's order, which is that of the ids. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', since: 0, run: appArmorProfile },
  { id: 'capabilities_baseline', since: 0, run: capabilities },
  { id: 'hostNamespaces', since: 0, run: hostNamespaces },
  { id: 'hostPathVolumes', since: 0, run: hostPathVolumes },
  { id: 'hostPorts', since: 0, run: hostPorts },
  { id: 'hostProbesAndHostLifecycle', since: 34, run: hostProbes },
  { id: 'privileged', since: 0, run: privilegedContainers },
  { id: 'procMount', since: 0, run: procMount },
  { id: 'seLinuxOptions', since: 0, run: seLinuxOptions },
  { id: 'seccompProfile_baseline', since: 0, run: seccompProfile },
  { id: 'sysctls', since: 0, run: sysctls },
  { id: 'windowsHostProcess', since: 0, run: hostProcess },
];
