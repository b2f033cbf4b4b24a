import type { Pki } from './authority-store.js';
import type { CertificateSpec } from './inventory.js';
import type { KeyPair } from './issue.js';
import { renderKubeconfig } from './kubeconfig-file.js';

/** Volume, then file, then content: what each reader gets to see. */
export type VolumeFiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Lays the PKI out over the readers' volumes, in kubeadm's layout. `server` is how containers reach the API server. */
export function planVolumes(pki: Pki, server: string): VolumeFiles {
  const { ca, 'etcd-ca': etcdCa, 'front-proxy-ca': frontProxyCa } = pki.authorities;
  const clientConfig = (certificate: string, user: string): string =>
    kubeconfig(pki, server, user, pairOf(pki, certificate));
  return {
    etcd: { 'ca.crt': etcdCa.certificate, ...pairFiles(pki, 'etcd-server', 'server') },
    apiserver: {
      'ca.crt': ca.certificate,
      'kube-proxy.conf': clientConfig('kube-proxy-client', 'system:kube-proxy'),
      'etcd-ca.crt': etcdCa.certificate,
      'front-proxy-ca.crt': frontProxyCa.certificate,
      'sa.pub': pki.serviceAccountKey.publicKey,
      'sa.key': pki.serviceAccountKey.privateKey,
      ...pairFiles(pki, 'apiserver'),
      ...pairFiles(pki, 'apiserver-etcd-client'),
      ...pairFiles(pki, 'apiserver-kubelet-client'),
      ...pairFiles(pki, 'front-proxy-client'),
    },
    'controller-manager': {
      'ca.crt': ca.certificate,
      'ca.key': ca.key,
      'sa.key': pki.serviceAccountKey.privateKey,
      'controller-manager.conf': clientConfig('controller-manager-client', 'system:kube-controller-manager'),
      ...pairFiles(pki, 'controller-manager'),
    },
    scheduler: {
      'ca.crt': ca.certificate,
      'scheduler.conf': clientConfig('scheduler-client', 'system:kube-scheduler'),
      ...pairFiles(pki, 'scheduler'),
    },
    addons: {
      'addons.conf': clientConfig('addons-client', 'kubelab:addon-manager'),
      'bootstrap-token': pki.bootstrapToken,
    },
    node: {
      'ca.crt': ca.certificate,
      'kube-proxy.conf': clientConfig('kube-proxy-client', 'system:kube-proxy'),
      'bootstrap-kubelet.conf': kubeconfig(pki, server, 'tls-bootstrap-token-user', { token: pki.bootstrapToken }),
    },
  };
}

/** Whether others than root may read a file: certificates and public keys only. */
export function isPublic(file: string): boolean {
  return file.endsWith('.crt') || file.endsWith('.pub');
}

function kubeconfig(pki: Pki, server: string, user: string, credentials: KeyPair | { token: string }): string {
  return renderKubeconfig({
    server,
    ca: pki.authorities.ca.certificate,
    cluster: 'kubelab',
    user,
    context: `${user}@kubelab`,
    credentials,
  });
}

function pairFiles(pki: Pki, certificate: CertificateSpec['name'], file = certificate): Record<string, string> {
  const pair = pairOf(pki, certificate);
  return { [`${file}.crt`]: pair.certificate, [`${file}.key`]: pair.key };
}

export function pairOf(pki: Pki, certificate: CertificateSpec['name']): KeyPair {
  const pair = pki.certificates.get(certificate);
  if (!pair) throw new Error(`no certificate ${certificate} was issued`);
  return pair;
}
