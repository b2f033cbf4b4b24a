import { durationFlag, type FlagValues, intFlag, listFlag, stringFlag } from '@kubelab/component/flags';

export const flags = {
  kubeconfig: stringFlag('path to a kubeconfig; absent: the pod’s service account'),
  'cluster-domain': stringFlag('domain of the cluster', 'cluster.local'),
  address: stringFlag('address to serve DNS on', '0.0.0.0'),
  port: intFlag('UDP and TCP port to serve DNS on', 53),
  'resolv-conf': stringFlag('file whose name servers get the names of other domains', '/etc/resolv.conf'),
  upstream: listFlag('name servers for other domains, instead of those in --resolv-conf'),
  ttl: intFlag('time to live of the cluster’s records, in seconds', 30),
  'cache-ttl': intFlag('longest time that forwarded answers are kept, in seconds', 30),
  'health-port': intFlag('port of /health', 8080),
  'ready-port': intFlag('port of /ready', 8181),
  'metrics-port': intFlag('port of /metrics', 9153),
  lameduck: durationFlag('how long queries are still answered after the signal to stop', 5000),
};

export type DnsConfig = FlagValues<typeof flags>;

export function validate(config: DnsConfig): string[] {
  const problems: string[] = [];
  for (const name of ['port', 'health-port', 'ready-port', 'metrics-port'] as const) {
    if (config[name] < 0 || config[name] > 65_535) problems.push(`--${name} must be between 0 and 65535`);
  }
  if (config.ttl < 0 || config.ttl > 3600) problems.push('--ttl must be between 0 and 3600');
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(config['cluster-domain'])) {
    problems.push(`--cluster-domain: "${config['cluster-domain']}" is not a domain name`);
  }
  return problems;
}
