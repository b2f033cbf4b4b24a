import { boolFlag, durationFlag, type FlagValues, intFlag, stringFlag } from '@kubelab/component/flags';

export const flags = {
  kubeconfig: stringFlag('path to a kubeconfig that says how to reach the API server'),
  'scheduler-name': stringFlag('pods that ask for this scheduler are served', 'default-scheduler'),
  'bind-address': stringFlag('address of the health and metrics port', '0.0.0.0'),
  'secure-port': intFlag('port of /healthz, /livez, /readyz and /metrics', 10_259),
  'tls-cert-file': stringFlag('certificate of the health and metrics port; absent: plain HTTP'),
  'tls-private-key-file': stringFlag('key of --tls-cert-file'),
  'leader-elect': boolFlag('work only while holding the lease kube-system/kube-scheduler', true),
  'leader-elect-lease-duration': durationFlag('how long others wait for a leader that does not renew', 15_000),
  'leader-elect-renew-deadline': durationFlag('how long a leader tries to renew before it gives up', 10_000),
  'leader-elect-retry-period': durationFlag('time between two tries to take or renew the lease', 2000),
  'pod-initial-backoff-seconds': intFlag('first wait before an unschedulable pod is tried again', 1),
  'pod-max-backoff-seconds': intFlag('longest wait before an unschedulable pod is tried again', 10),
};

export type SchedulerConfig = FlagValues<typeof flags>;

export function validate(config: SchedulerConfig): string[] {
  const problems: string[] = [];
  if (config.kubeconfig === '') problems.push('--kubeconfig is required');
  if ((config['tls-cert-file'] === '') !== (config['tls-private-key-file'] === '')) {
    problems.push('--tls-cert-file and --tls-private-key-file go together');
  }
  if (config['leader-elect-renew-deadline'] >= config['leader-elect-lease-duration']) {
    problems.push('--leader-elect-renew-deadline must be shorter than --leader-elect-lease-duration');
  }
  if (config['pod-initial-backoff-seconds'] < 1) problems.push('--pod-initial-backoff-seconds must be greater than 0');
  if (config['pod-max-backoff-seconds'] < config['pod-initial-backoff-seconds']) {
    problems.push('--pod-max-backoff-seconds must be at least --pod-initial-backoff-seconds');
  }
  return problems;
}
