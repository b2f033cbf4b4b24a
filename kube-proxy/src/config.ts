import { boolFlag, durationFlag, type FlagValues, intFlag, listFlag, stringFlag } from '@kubelab/component/flags';
import { parseCidr } from './cidr.js';

export const flags = {
  kubeconfig: stringFlag('path to a kubeconfig that says how to reach the API server'),
  'hostname-override': stringFlag('name of the node this proxy works for'),
  'proxy-mode': stringFlag('how services are programmed; only iptables is served', 'iptables'),
  'cluster-cidr': stringFlag(
    'range of all pods; traffic from elsewhere to a cluster IP is masqueraded',
    '10.244.0.0/16',
  ),
  'masquerade-all': boolFlag('masquerade all traffic that goes to a cluster IP'),
  'iptables-masquerade-bit': intFlag('bit of the packet mark that asks for masquerading, 0 to 31', 14),
  'iptables-sync-period': durationFlag('how often all rules are written anew even if nothing changed', 30_000),
  'iptables-min-sync-period': durationFlag('shortest time between two writes of the rules', 1000),
  'cni-config-file': stringFlag(
    "CNI configuration that is rewritten when the node's pod range is another than its bridge's (default: none)",
  ),
  'nodeport-addresses': listFlag('ranges of node addresses that serve node ports (default: all local addresses)'),
  'metrics-bind-address': stringFlag('address and port of /metrics and /proxyMode', '127.0.0.1:10249'),
  'healthz-bind-address': stringFlag('address and port of /healthz and /livez', '0.0.0.0:10256'),
};

export type ProxyConfig = FlagValues<typeof flags>;

export function validate(config: ProxyConfig): string[] {
  const problems: string[] = [];
  if (config.kubeconfig === '') problems.push('--kubeconfig is required');
  if (config['hostname-override'] === '') problems.push('--hostname-override is required');
  if (config['proxy-mode'] !== 'iptables') {
    problems.push(`--proxy-mode: "${config['proxy-mode']}" is not served, only iptables is`);
  }
  for (const name of ['metrics-bind-address', 'healthz-bind-address'] as const) {
    if (!/^\S+:\d+$/.test(config[name])) problems.push(`--${name} must be address:port, not "${config[name]}"`);
  }
  const bit = config['iptables-masquerade-bit'];
  if (bit < 0 || bit > 31) problems.push('--iptables-masquerade-bit must be between 0 and 31');
  for (const cidr of [config['cluster-cidr'], ...config['nodeport-addresses']]) {
    if (!parseCidr(cidr)) problems.push(`"${cidr}" is not a range such as 10.244.0.0/16`);
  }
  return problems;
}

export function splitAddress(bindAddress: string): { host: string; port: number } {
  const colon = bindAddress.lastIndexOf(':');
  return { host: bindAddress.slice(0, colon), port: Number(bindAddress.slice(colon + 1)) };
}
