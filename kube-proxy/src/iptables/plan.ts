/** From service ports to the text that iptables-restore takes: pure, deterministic, in upstream's words. */

import type { Endpoint, ServicePort } from '../service-ports.js';
import { endpointChain, externalChain, localChain, serviceChain } from './chains.js';

export interface PlanOptions {
  clusterCidr: string;
  /** This node's pods; '' while the node has no range yet. */
  podCidr: string;
  masqueradeAll: boolean;
  /** `0x4000`. */
  mark: string;
  /** Empty: every local address serves node ports. */
  nodePortAddresses: readonly string[];
}

/** Rules of one table, split as iptables-restore wants them: chain declarations first. */
interface Table {
  chains: Set<string>;
  rules: string[];
}

export interface Plan {
  /** For `iptables-restore --noflush`. */
  text: string;
  /** All chains of ours in the nat table; others that look like ours are left over from earlier plans. */
  natChains: ReadonlySet<string>;
}

/** Jumps from the kernel's own chains into ours; they must exist exactly once and are checked one by one. */
export const jumps: readonly { table: 'nat' | 'filter'; chain: string; rule: readonly string[] }[] = [
  ...['OUTPUT', 'PREROUTING'].map((chain) => ({
    table: 'nat' as const,
    chain,
    rule: ['-m', 'comment', '--comment', 'kubernetes service portals', '-j', 'KUBE-SERVICES'],
  })),
  {
    table: 'nat',
    chain: 'POSTROUTING',
    rule: ['-m', 'comment', '--comment', 'kubernetes postrouting rules', '-j', 'KUBE-POSTROUTING'],
  },
  ...['INPUT', 'FORWARD'].map((chain) =>
    filterJump(chain, 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals'),
  ),
  { table: 'filter', chain: 'INPUT', rule: ['-j', 'KUBE-FIREWALL'] },
  { table: 'filter', chain: 'OUTPUT', rule: ['-j', 'KUBE-FIREWALL'] },
  {
    table: 'filter',
    chain: 'FORWARD',
    rule: ['-m', 'comment', '--comment', 'kubernetes forwarding rules', '-j', 'KUBE-FORWARD'],
  },
  ...['FORWARD', 'OUTPUT'].map((chain) => filterJump(chain, 'KUBE-SERVICES', 'kubernetes service portals')),
];

function filterJump(
  chain: string,
  target: string,
  comment: string,
): { table: 'filter'; chain: string; rule: readonly string[] } {
  const rule = ['-m', 'conntrack', '--ctstate', 'NEW', '-m', 'comment', '--comment', comment, '-j', target];
  return { table: 'filter', chain, rule };
}

export function planRules(ports: readonly ServicePort[], options: PlanOptions): Plan {
  const filter: Table = {
    chains: new Set(['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD', 'KUBE-FIREWALL']),
    rules: [],
  };
  const nat: Table = {
    chains: new Set(['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ']),
    rules: [],
  };
  planMasquerading(nat, options);
  planForwarding(filter, options);
  for (const port of ports) {
    planRejects(filter, port);
    planPort(nat, port, options);
  }
  planNodePortJump(nat, options);
  return { text: `${render('filter', filter)}${render('nat', nat)}`, natChains: nat.chains };
}

function render(name: string, table: Table): string {
  const chains = [...table.chains].map((chain) => `:${chain} - [0:0]`);
  return [`*${name}`, ...chains, ...table.rules, 'COMMIT', ''].join('\n');
}

function planMasquerading(nat: Table, { mark, clusterCidr, podCidr }: PlanOptions): void {
  nat.rules.push(
    `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
    // Pods speak with their own address inside the cluster only; what leaves it carries the node's.
    ...(podCidr
      ? [
          `-A KUBE-POSTROUTING -s ${podCidr} ! -d ${clusterCidr} -m comment --comment "pod traffic that leaves the cluster" -j MASQUERADE --random-fully`,
        ]
      : []),
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    // The mark goes, so that a packet that passes the chain again is not masqueraded twice.
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  );
}

function planForwarding(filter: Table, { mark }: PlanOptions): void {
  filter.rules.push(
    '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  );
}

/** Without endpoints a client is told at once instead of being left to time out. */
function planRejects(filter: Table, port: ServicePort): void {
  const match = `-m ${port.protocol} -p ${port.protocol}`;
  const comment = `-m comment --comment "${port.name} has no endpoints"`;
  if (internalEndpoints(port).length === 0) {
    const action = port.internalLocal && port.endpoints.length > 0 ? 'DROP' : 'REJECT';
    filter.rules.push(`-A KUBE-SERVICES ${comment} ${match} -d ${port.clusterIP} --dport ${port.port} -j ${action}`);
  }
  if (externalEndpoints(port).length > 0) return;
  const action = port.externalLocal && port.endpoints.length > 0 ? 'DROP' : 'REJECT';
  for (const ip of [...port.externalIPs, ...port.loadBalancerIPs]) {
    filter.rules.push(`-A KUBE-EXTERNAL-SERVICES ${comment} ${match} -d ${ip} --dport ${port.port} -j ${action}`);
  }
  if (port.nodePort) {
    filter.rules.push(
      `-A KUBE-EXTERNAL-SERVICES ${comment} -m addrtype --dst-type LOCAL ${match} --dport ${port.nodePort} -j ${action}`,
    );
  }
}

function internalEndpoints(port: ServicePort): Endpoint[] {
  return port.internalLocal ? port.localEndpoints : port.endpoints;
}

function externalEndpoints(port: ServicePort): Endpoint[] {
  return port.externalLocal ? port.localEndpoints : port.endpoints;
}

function planPort(nat: Table, port: ServicePort, options: PlanOptions): void {
  const match = `-m ${port.protocol} -p ${port.protocol}`;
  const internal = internalEndpoints(port);
  if (internal.length > 0) {
    const chain = port.internalLocal ? localChain(port) : serviceChain(port);
    const portal = `-m comment --comment "${port.name} cluster IP" ${match} -d ${port.clusterIP} --dport ${port.port}`;
    nat.rules.push(`-A KUBE-SERVICES ${portal} -j ${chain}`);
    const source = options.masqueradeAll ? '' : ` ! -s ${options.clusterCidr}`;
    balance(nat, port, chain, internal, [`-A ${chain} ${portal}${source} -j KUBE-MARK-MASQ`]);
  }
  planExternal(nat, port, match, options);
}

function planExternal(nat: Table, port: ServicePort, match: string, options: PlanOptions): void {
  const addresses = [
    ...port.externalIPs.map((ip) => ({ ip, kind: 'external IP' })),
    ...port.loadBalancerIPs.map((ip) => ({ ip, kind: 'loadbalancer IP' })),
  ];
  const endpoints = externalEndpoints(port);
  if ((addresses.length === 0 && !port.nodePort) || endpoints.length === 0) return;
  const chain = externalChain(port);
  for (const { ip, kind } of addresses) {
    nat.rules.push(
      `-A KUBE-SERVICES -m comment --comment "${port.name} ${kind}" ${match} -d ${ip} --dport ${port.port} -j ${chain}`,
    );
  }
  if (port.nodePort)
    nat.rules.push(`-A KUBE-NODEPORTS -m comment --comment ${port.name} ${match} --dport ${port.nodePort} -j ${chain}`);
  nat.chains.add(chain);
  planExternalChain(nat, port, chain, options);
}

function planExternalChain(nat: Table, port: ServicePort, chain: string, { clusterCidr }: PlanOptions): void {
  if (!port.externalLocal) {
    const target = serviceChain(port);
    nat.rules.push(
      `-A ${chain} -m comment --comment "masquerade traffic for ${port.name} external destinations" -j KUBE-MARK-MASQ`,
      `-A ${chain} -j ${target}`,
    );
    if (!nat.chains.has(target)) balance(nat, port, target, port.endpoints, []);
    return;
  }
  const target = localChain(port);
  // Pods and this node's own processes may use any endpoint: only traffic from outside must keep its source and stay here.
  if (port.endpoints.length > 0) {
    const anywhere = serviceChain(port);
    if (!nat.chains.has(anywhere)) balance(nat, port, anywhere, port.endpoints, []);
    nat.rules.push(
      `-A ${chain} -m comment --comment "pod traffic for ${port.name} external destinations" -s ${clusterCidr} -j ${anywhere}`,
      `-A ${chain} -m comment --comment "masquerade LOCAL traffic for ${port.name} external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      `-A ${chain} -m comment --comment "route LOCAL traffic for ${port.name} external destinations" -m addrtype --src-type LOCAL -j ${anywhere}`,
    );
  }
  nat.rules.push(`-A ${chain} -j ${target}`);
  if (!nat.chains.has(target)) balance(nat, port, target, port.localEndpoints, []);
}

/** A chain that spreads connections evenly over endpoints, after `first`. */
function balance(
  nat: Table,
  port: ServicePort,
  chain: string,
  endpoints: readonly Endpoint[],
  first: readonly string[],
): void {
  nat.chains.add(chain);
  nat.rules.push(...first);
  const targets = endpoints.map((endpoint) => ({ text: `${endpoint.ip}:${endpoint.port}`, ip: endpoint.ip }));
  const comment = (text: string): string => `-m comment --comment "${port.name} -> ${text}"`;
  if (port.affinitySeconds > 0) {
    for (const { text } of targets) {
      const sep = endpointChain(port, text);
      nat.rules.push(
        `-A ${chain} ${comment(text)} -m recent --name ${sep} --rcheck --seconds ${port.affinitySeconds} --reap -j ${sep}`,
      );
    }
  }
  targets.forEach(({ text }, index) => {
    const left = targets.length - index;
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : '';
    nat.rules.push(`-A ${chain} ${comment(text)}${chance} -j ${endpointChain(port, text)}`);
  });
  for (const target of targets) planEndpoint(nat, port, target);
}

function planEndpoint(nat: Table, port: ServicePort, endpoint: { text: string; ip: string }): void {
  const chain = endpointChain(port, endpoint.text);
  if (nat.chains.has(chain)) return;
  nat.chains.add(chain);
  const comment = `-m comment --comment ${port.name}`;
  const affinity = port.affinitySeconds > 0 ? ` -m recent --name ${chain} --set` : '';
  nat.rules.push(
    // A pod that reaches itself through its service must see another source than its own.
    `-A ${chain} ${comment} -s ${endpoint.ip} -j KUBE-MARK-MASQ`,
    `-A ${chain} ${comment}${affinity} -m ${port.protocol} -p ${port.protocol} -j DNAT --to-destination ${endpoint.text}`,
  );
}

function planNodePortJump(nat: Table, { nodePortAddresses }: PlanOptions): void {
  const comment = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';
  if (nodePortAddresses.length === 0) {
    nat.rules.push(`-A KUBE-SERVICES ${comment} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`);
  }
  for (const range of nodePortAddresses) nat.rules.push(`-A KUBE-SERVICES ${comment} -d ${range} -j KUBE-NODEPORTS`);
}
