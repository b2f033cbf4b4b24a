/** The iptables rules of pods' host ports, with the chain names of upstream's host port manager. Pure. */
import { createHash } from 'node:crypto';
import type { PortMapping } from '@kubelab/proto/generated/runtime-v1';

export interface HostPort {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  hostPort: number;
  containerPort: number;
  /** Empty for all addresses of the node. */
  hostIp: string;
}

/** One pod with host ports. */
export interface PublishedPod {
  sandboxId: string;
  /** NAME_NAMESPACE. */
  pod: string;
  ip: string;
  ports: HostPort[];
}

export interface HostPortPlan {
  /** For `iptables-restore --noflush`. */
  text: string;
  /** All chains of ours that are to be there. */
  chains: ReadonlySet<string>;
}

export const portsChain = 'KUBE-HOSTPORTS';
export const masqueradeChain = 'KUBE-HOSTPORTS-MASQ';
/** Chains of ours in a listing by iptables-save. */
export const ownChain = /^:(KUBE-HOSTPORTS|KUBE-HOSTPORTS-MASQ|KUBE-HP-\S+) /gm;

const portals = ['-m', 'comment', '--comment', 'kube hostport portals', '-m', 'addrtype', '--dst-type', 'LOCAL'];

/** How packets come to our chains. */
export const jumps: readonly { chain: string; rule: readonly string[] }[] = [
  { chain: 'PREROUTING', rule: [...portals, '-j', portsChain] },
  { chain: 'OUTPUT', rule: [...portals, '-j', portsChain] },
  {
    chain: 'POSTROUTING',
    rule: ['-m', 'comment', '--comment', 'kube hostport masquerading', '-j', masqueradeChain],
  },
];

/** Those of a sandbox's port mappings that need rules. IPv6 addresses are of no use to pods that have none. */
export function hostPortsOf(mappings: readonly PortMapping[]): HostPort[] {
  return mappings
    .filter(({ hostPort, hostIp }) => hostPort > 0 && !hostIp.includes(':'))
    .map(({ protocol, hostPort, containerPort, hostIp }) => ({
      protocol,
      hostPort,
      containerPort,
      hostIp: hostIp === '0.0.0.0' ? '' : hostIp,
    }));
}

export function planHostPorts(pods: readonly PublishedPod[]): HostPortPlan {
  const chains = new Set<string>();
  if (pods.length === 0) return { text: '', chains };
  const rules: string[] = [];
  chains.add(portsChain).add(masqueradeChain);
  for (const pod of pods) {
    for (const port of pod.ports) {
      const chain = portChain(pod, port);
      chains.add(chain);
      rules.push(...portRules(chain, pod, port));
    }
  }
  const declared = [...chains].map((chain) => `:${chain} - [0:0]`);
  return { text: `${['*nat', ...declared, ...rules, 'COMMIT'].join('\n')}\n`, chains };
}

function portRules(chain: string, pod: PublishedPod, port: HostPort): string[] {
  const protocol = port.protocol.toLowerCase();
  const match = `-m comment --comment "${pod.pod} hostport ${port.hostPort}" -m ${protocol} -p ${protocol}`;
  const destination = port.hostIp === '' ? '' : ` -d ${port.hostIp}/32`;
  const target = `-d ${pod.ip}/32 -m ${protocol} -p ${protocol} --dport ${port.containerPort}`;
  const comment = `-m comment --comment "${pod.pod} hostport ${port.hostPort}"`;
  return [
    `-A ${portsChain}${destination} ${match} --dport ${port.hostPort} -j ${chain}`,
    `-A ${chain} ${match} -j DNAT --to-destination ${pod.ip}:${port.containerPort}`,
    // A pod that calls itself and the node's own loopback address could not be answered otherwise.
    `-A ${masqueradeChain} ${comment} -s ${pod.ip}/32 ${target} -j MASQUERADE`,
    `-A ${masqueradeChain} ${comment} -s 127.0.0.0/8 ${target} -j MASQUERADE`,
  ];
}

/** Undefined when nobody else has the port; else who. */
export function conflictOf(
  pod: PublishedPod,
  others: Iterable<PublishedPod>,
): { port: HostPort; with: string } | undefined {
  for (const other of others) {
    if (other.sandboxId === pod.sandboxId) continue;
    for (const port of pod.ports) {
      if (other.ports.some((taken) => overlaps(port, taken))) return { port, with: other.pod };
    }
  }
  return undefined;
}

function overlaps(a: HostPort, b: HostPort): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.hostIp === '' || b.hostIp === '' || a.hostIp === b.hostIp;
}

/** Upstream's: first 16 characters of the base32 form of a hash. */
function portChain(pod: PublishedPod, port: HostPort): string {
  const text = `${pod.sandboxId}${port.hostPort}${port.protocol}${port.hostIp}`;
  return `KUBE-HP-${base32(createHash('sha256').update(text).digest(), 16)}`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Buffer, length: number): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from(
    { length },
    (_item, index) => alphabet[Number.parseInt(bits.slice(index * 5, index * 5 + 5), 2)],
  ).join('');
}

export function encodeHostPorts(ports: readonly HostPort[]): string {
  return JSON.stringify(ports);
}

/** From a sandbox's label; what cannot be read counts as none. */
export function decodeHostPorts(text: string | undefined): HostPort[] {
  try {
    const found = JSON.parse(text ?? '[]') as unknown;
    return Array.isArray(found) ? (found as HostPort[]).filter(({ hostPort }) => hostPort > 0) : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return [];
    throw error;
  }
}
