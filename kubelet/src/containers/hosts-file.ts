/** The /etc/hosts that the kubelet writes for a pod's containers. */

export interface HostAlias {
  ip: string;
  hostnames?: string[];
}

export interface HostsFileInput {
  podIPs: string[];
  hostname: string;
  /** `subdomain.namespace.svc.cluster.local`, or empty. */
  domain: string;
  hostAliases: HostAlias[];
}

const header = '# Kubernetes-managed hosts file.\n';
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).\n';
const fixedEntries = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

function aliasEntries(aliases: HostAlias[]): string {
  if (aliases.length === 0) return '';
  const lines = aliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

export function podHostsFile(input: HostsFileInput): string {
  const own = input.podIPs.map((ip) =>
    input.domain === ''
      ? `${ip}\t${input.hostname}\n`
      : `${ip}\t${input.hostname}.${input.domain}\t${input.hostname}\n`,
  );
  return `${header}${fixedEntries.map((line) => `${line}\n`).join('')}${own.join('')}${aliasEntries(input.hostAliases)}`;
}

/** For pods in the node's network: the node's own file plus the aliases. */
export function hostNetworkHostsFile(nodeHosts: string, aliases: HostAlias[]): string {
  return `${hostNetworkHeader}${nodeHosts}${aliasEntries(aliases)}`;
}
