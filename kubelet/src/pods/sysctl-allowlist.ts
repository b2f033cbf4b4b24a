/** Which kernel settings pods may change: upstream's allowlist. Pure. */
import type { Pod } from '@kubelab/api/types';
import type { PodVerdict } from './status.js';

/** Those that reach no further than the pod's own namespaces and cannot harm the node. */
const safe: readonly string[] = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

type Namespace = 'IPC' | 'Net';

const namespaces: readonly [prefix: string, namespace: Namespace][] = [
  ['kernel.sem', 'IPC'],
  ['kernel.shm', 'IPC'],
  ['kernel.msg', 'IPC'],
  ['fs.mqueue.', 'IPC'],
  ['net.', 'Net'],
];

/** Undefined for a setting that is the whole machine's. `pattern` may end in `*`. */
function namespaceOf(pattern: string): Namespace | undefined {
  return namespaces.find(([prefix]) => pattern.startsWith(prefix))?.[1];
}

/** What is wrong with an entry of --allowed-unsafe-sysctls, as a sentence. */
export function allowlistProblem(pattern: string): string | undefined {
  if (!/^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*([.]?\*)?$/.test(pattern))
    return `--allowed-unsafe-sysctls: "${pattern}" is neither the name of a sysctl nor a pattern that ends in *`;
  if (namespaceOf(normalize(pattern)) === undefined)
    return `--allowed-unsafe-sysctls: the sysctls "${pattern}" are not known to be namespaced`;
  return undefined;
}

/** The kernel takes slashes for dots, too. */
function normalize(name: string): string {
  return name.replaceAll('/', '.');
}

/** Undefined when the pod may have all the settings it asks for. `allowed` are names and patterns of unsafe ones. */
export function sysctlRejection(pod: Pod, allowed: readonly string[]): PodVerdict | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const problem = problemOf(normalize(name), pod, allowed);
    if (problem) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" ${problem}` };
  }
  return undefined;
}

function problemOf(name: string, pod: Pod, allowed: readonly string[]): string | undefined {
  const namespace = namespaceOf(name);
  const known = safe.includes(name) || allowed.some((pattern) => matches(normalize(pattern), name));
  if (!known || !namespace) return 'not allowlisted';
  const shared = namespace === 'Net' ? pod.spec.hostNetwork : pod.spec.hostIPC;
  return shared ? `not allowed with host ${namespace} enabled` : undefined;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
