import { durationFlag, type FlagValues, intFlag, listFlag, stringFlag } from '@kubelab/component/flags';

const day = 24 * 60 * 60 * 1000;

export const flags = {
  volumes: stringFlag('folder that holds one folder per reader, and `ca` for what only this step may see', '/pki'),
  'admin-kubeconfig': stringFlag("file to write the admin's kubeconfig to"),
  'api-server-host': stringFlag('name by which containers reach the API server', 'apiserver'),
  'api-server-port': intFlag('port of 127.0.0.1 on which the host reaches the API server', 6443),
  'api-server-extra-sans': listFlag("more names and addresses for the API server's certificate"),
  'service-cluster-ip': stringFlag('address of the service `kubernetes`', '10.96.0.1'),
  'cluster-domain': stringFlag('domain of the cluster', 'cluster.local'),
  'context-name': stringFlag("name of the context, cluster and user in the admin's kubeconfig", 'kubelab'),
  'owner-of': stringFlag("file whose owner shall own the admin's kubeconfig too"),
  'certificate-validity': durationFlag('how long issued certificates are valid', 365 * day),
  'renew-before': durationFlag('certificates that expire sooner than this are renewed', 30 * day),
};

export type PkiConfig = FlagValues<typeof flags>;

export function validate(config: PkiConfig): string[] {
  const problems: string[] = [];
  if (config['admin-kubeconfig'] === '') problems.push('--admin-kubeconfig is required');
  if (config['api-server-port'] < 1 || config['api-server-port'] > 65_535) {
    problems.push('--api-server-port must be between 1 and 65535');
  }
  if (config['renew-before'] >= config['certificate-validity']) {
    problems.push('--renew-before must be shorter than --certificate-validity');
  }
  return problems;
}
