/** A pod's DNS configuration, from its dnsPolicy and dnsConfig and the node's resolv.conf. */

export interface DnsConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

export type DnsPolicy = 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None';

export interface PodDnsInput {
  namespace: string;
  policy: DnsPolicy;
  hostNetwork: boolean;
  dnsConfig?: { nameservers?: string[]; searches?: string[]; options?: { name?: string; value?: string }[] };
  /** What the node's resolv.conf holds; empty when --resolv-conf is "". */
  node: DnsConfig;
  clusterDns: string[];
  clusterDomain: string;
}

export interface PodDns {
  config: DnsConfig;
  /** Worth an event on the pod. */
  warnings: { reason: string; message: string }[];
}

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchChars = 2048;
const defaultOptions = ['ndots:5'];

/** Reads nameserver, search and options lines; the last search and options lines win, as in the resolver. */
export function parseResolvConf(text: string): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0]) config.servers.push(values[0]);
    else if (keyword === 'search')
      config.searches = values.map((name) => (name === '.' ? name : name.replace(/\.$/, '')));
    else if (keyword === 'options') config.options = values;
  }
  return config;
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

function mergeOptions(existing: string[], extra: { name?: string; value?: string }[]): string[] {
  const byName = new Map<string, string>();
  for (const option of existing) {
    const colon = option.indexOf(':');
    if (colon < 0) byName.set(option, '');
    else byName.set(option.slice(0, colon), option.slice(colon + 1));
  }
  for (const { name, value } of extra) if (name) byName.set(name, value ?? '');
  return [...byName].map(([name, value]) => (value === '' ? name : `${name}:${value}`));
}

function effectivePolicy(input: PodDnsInput): 'Cluster' | 'Host' | 'None' {
  switch (input.policy) {
    case 'None':
      return 'None';
    case 'ClusterFirstWithHostNet':
      return 'Cluster';
    case 'ClusterFirst':
      return input.hostNetwork ? 'Host' : 'Cluster';
    case 'Default':
      return 'Host';
  }
}

function limited(config: DnsConfig, warnings: PodDns['warnings']): DnsConfig {
  const result = { ...config };
  if (config.servers.length > maxNameservers) {
    result.servers = config.servers.slice(0, maxNameservers);
    warnings.push({
      reason: 'DNSConfigForming',
      message: `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${result.servers.join(' ')}`,
    });
  }
  const kept: string[] = [];
  for (const search of config.searches) {
    if (kept.length >= maxSearches || [...kept, search].join(' ').length > maxSearchChars) break;
    kept.push(search);
  }
  if (kept.length < config.searches.length) {
    result.searches = kept;
    warnings.push({
      reason: 'DNSConfigForming',
      message: `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${kept.join(' ')}`,
    });
  }
  return result;
}

export function podDns(input: PodDnsInput): PodDns {
  const warnings: PodDns['warnings'] = [];
  let policy = effectivePolicy(input);
  if (policy === 'Cluster' && input.clusterDns.length === 0) {
    warnings.push({
      reason: 'MissingClusterDNS',
      message: `kubelet does not have ClusterDNS IP configured and cannot create Pod using "${input.policy}" policy. Falling back to "Default" policy.`,
    });
    policy = 'Host';
  }
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  if (policy === 'Cluster') {
    config.servers = [...input.clusterDns];
    config.options = [...defaultOptions];
    const domain = input.clusterDomain;
    const cluster = domain === '' ? [] : [`${input.namespace}.svc.${domain}`, `svc.${domain}`, domain];
    config.searches = unique([...cluster, ...input.node.searches]);
  } else if (policy === 'Host') {
    Object.assign(config, {
      servers: [...input.node.servers],
      searches: [...input.node.searches],
      options: [...input.node.options],
    });
    // Without a resolv.conf of the node the runtime would copy the engine's: upstream points at the pod itself instead.
    if (config.servers.length === 0 && config.searches.length === 0)
      Object.assign(config, { servers: ['127.0.0.1'], searches: ['.'] });
  }
  if (input.dnsConfig) {
    config.servers = unique([...config.servers, ...(input.dnsConfig.nameservers ?? [])]);
    config.searches = unique([...config.searches, ...(input.dnsConfig.searches ?? [])]);
    config.options = mergeOptions(config.options, input.dnsConfig.options ?? []);
  }
  return { config: limited(config, warnings), warnings };
}
