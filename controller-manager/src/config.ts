import {
  boolFlag,
  durationFlag,
  type FlagValues,
  intFlag,
  listFlag,
  numberFlag,
  stringFlag,
} from '@kubelab/component/flags';

export const flags = {
  kubeconfig: stringFlag('path to a kubeconfig that says how to reach the API server'),
  'bind-address': stringFlag('address of the health and metrics port', '0.0.0.0'),
  'secure-port': intFlag('port of /healthz, /livez, /readyz and /metrics', 10_257),
  'tls-cert-file': stringFlag('certificate of the health and metrics port; absent: plain HTTP'),
  'tls-private-key-file': stringFlag('key of --tls-cert-file'),
  controllers: listFlag(
    'controllers to run: "*" for all that are on by default, "name" to add one, "-name" to leave one out',
    ['*'],
  ),
  'leader-elect': boolFlag('work only while holding the lease kube-system/kube-controller-manager', true),
  'leader-elect-lease-duration': durationFlag('how long others wait for a leader that does not renew', 15_000),
  'leader-elect-renew-deadline': durationFlag('how long a leader tries to renew before it gives up', 10_000),
  'leader-elect-retry-period': durationFlag('time between two tries to take or renew the lease', 2000),
  'root-ca-file': stringFlag('CA certificate published to every namespace as kube-root-ca.crt'),
  'cluster-signing-cert-file': stringFlag('CA certificate that signs certificate requests'),
  'cluster-signing-key-file': stringFlag('key of --cluster-signing-cert-file'),
  'cluster-signing-duration': durationFlag('longest life of a signed certificate', 365 * 24 * 3_600_000),
  'service-account-private-key-file': stringFlag('key that signs the tokens of token Secrets'),
  'legacy-token-secrets': boolFlag('make a token Secret for every service account, as clusters did before 1.24'),
  'cluster-cidr': stringFlag('range of all pods', '10.244.0.0/16'),
  'node-cidr-mask-size': intFlag('prefix length of one node’s range of pods', 24),
  'allocate-node-cidrs': boolFlag('give every node a range of --cluster-cidr', true),
  'node-monitor-period': durationFlag('how often nodes are looked at', 5000),
  'node-monitor-grace-period': durationFlag('how long a node may be silent before it counts as not ready', 50_000),
  'node-eviction-rate': numberFlag('nodes per second that are given NoExecute taints while the zone is healthy', 0.1),
  'secondary-node-eviction-rate': numberFlag(
    'the same while more than --unhealthy-zone-threshold of the nodes are not ready',
    0.01,
  ),
  'unhealthy-zone-threshold': numberFlag('share of not ready nodes that makes a zone unhealthy', 0.55),
  'terminated-pod-gc-threshold': intFlag('terminated pods kept before the oldest are deleted; 0 keeps all', 12_500),
  'concurrent-syncs': intFlag('keys that each controller works on at a time', 5),
};

export type ManagerConfig = FlagValues<typeof flags>;

export function validate(config: ManagerConfig): string[] {
  const problems: string[] = [];
  const pair = (a: keyof ManagerConfig, b: keyof ManagerConfig): void => {
    if ((config[a] === '') !== (config[b] === '')) problems.push(`--${a} and --${b} go together`);
  };
  if (config.kubeconfig === '') problems.push('--kubeconfig is required');
  pair('tls-cert-file', 'tls-private-key-file');
  pair('cluster-signing-cert-file', 'cluster-signing-key-file');
  if (config['leader-elect-renew-deadline'] >= config['leader-elect-lease-duration']) {
    problems.push('--leader-elect-renew-deadline must be shorter than --leader-elect-lease-duration');
  }
  if (config['node-monitor-grace-period'] <= 0) problems.push('--node-monitor-grace-period must be greater than 0');
  if (config['concurrent-syncs'] < 1) problems.push('--concurrent-syncs must be at least 1');
  if (config['legacy-token-secrets'] && config['service-account-private-key-file'] === '') {
    problems.push('--legacy-token-secrets needs --service-account-private-key-file');
  }
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(config['cluster-cidr']))
    problems.push(`--cluster-cidr: "${config['cluster-cidr']}" is not a range`);
  const mask = config['node-cidr-mask-size'];
  if (mask < Number(config['cluster-cidr'].split('/')[1] ?? 0) || mask > 30) {
    problems.push('--node-cidr-mask-size must be between the prefix length of --cluster-cidr and 30');
  }
  return problems;
}
