import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ClientConfig } from '@kubelab/client/config';

/** The kubeconfig that names the kubelet's own certificate, as kubeadm's kubelet.conf. */
export function kubeconfigText(config: Pick<ClientConfig, 'server' | 'ca'>, certificatePath: string): string {
  const ca = config.ca ? `\n    certificate-authority-data: ${Buffer.from(config.ca).toString('base64')}` : '';
  return `apiVersion: v1
kind: Config
clusters:
- name: default-cluster
  cluster:
    server: ${config.server}${ca}
contexts:
- name: default-context
  context:
    cluster: default-cluster
    namespace: default
    user: default-auth
current-context: default-context
preferences: {}
users:
- name: default-auth
  user:
    client-certificate: ${certificatePath}
    client-key: ${certificatePath}
`;
}

/** A reader sees the whole file or none. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}
