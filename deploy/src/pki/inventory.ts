/** Who is who in the lab: every authority and every certificate, as facts. */

export type AuthorityName = 'ca' | 'etcd-ca' | 'front-proxy-ca';

export const authorities: Readonly<Record<AuthorityName, { commonName: string }>> = {
  ca: { commonName: 'kubernetes' },
  'etcd-ca': { commonName: 'etcd-ca' },
  'front-proxy-ca': { commonName: 'front-proxy-ca' },
};

export interface CertificateSpec {
  /** File name without extension; also what names it in messages. */
  readonly name: string;
  readonly authority: AuthorityName;
  readonly commonName: string;
  readonly organization?: string;
  readonly usages: readonly ('server' | 'client')[];
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
}

export interface InventoryOptions {
  apiServerHost: string;
  extraSans: readonly string[];
  serviceClusterIp: string;
  clusterDomain: string;
}

/** All leaf certificates. Identities are upstream's; `kubelab:addon-manager` is the lab's own. */
export function listCertificates(options: InventoryOptions): CertificateSpec[] {
  return [
    // etcd is a client of its own, for its HTTP gateway; with a certificate for servers alone it logs a refused connection again and again.
    {
      ...server('etcd-server', 'etcd', ['etcd', 'localhost', '127.0.0.1'], 'etcd-ca'),
      usages: ['server', 'client'],
    },
    client('apiserver-etcd-client', 'kube-apiserver-etcd-client', { authority: 'etcd-ca' }),
    server('apiserver', 'kube-apiserver', apiServerHosts(options)),
    client('apiserver-kubelet-client', 'kube-apiserver-kubelet-client'),
    client('front-proxy-client', 'front-proxy-client', { authority: 'front-proxy-ca' }),
    client('controller-manager-client', 'system:kube-controller-manager'),
    server('controller-manager', 'kube-controller-manager', ['controller-manager', 'localhost', '127.0.0.1']),
    client('scheduler-client', 'system:kube-scheduler'),
    server('scheduler', 'kube-scheduler', ['scheduler', 'localhost', '127.0.0.1']),
    client('kube-proxy-client', 'system:kube-proxy'),
    client('addons-client', 'kubelab:addon-manager'),
    client('admin-client', 'kubernetes-admin', { organization: 'system:masters' }),
  ];
}

function apiServerHosts(options: InventoryOptions): string[] {
  const { clusterDomain, serviceClusterIp } = options;
  return [
    options.apiServerHost,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
    'localhost',
    '127.0.0.1',
    serviceClusterIp,
    ...options.extraSans,
  ];
}

function server(
  name: string,
  commonName: string,
  hosts: readonly string[],
  authority: AuthorityName = 'ca',
): CertificateSpec {
  return { name, authority, commonName, usages: ['server'], hosts };
}

function client(
  name: string,
  commonName: string,
  options: { authority?: AuthorityName; organization?: string } = {},
): CertificateSpec {
  const { authority = 'ca', organization } = options;
  return { name, authority, commonName, usages: ['client'], hosts: [], ...(organization ? { organization } : {}) };
}
