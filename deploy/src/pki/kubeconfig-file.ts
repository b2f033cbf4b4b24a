import { dump } from 'js-yaml';
import type { KeyPair } from './issue.js';

export interface KubeconfigOptions {
  server: string;
  /** PEM of the cluster's CA. */
  ca: string;
  cluster: string;
  user: string;
  context: string;
  credentials: KeyPair | { token: string };
}

/** A kubeconfig with everything inline: it works wherever it is copied to. */
export function renderKubeconfig(options: KubeconfigOptions): string {
  const { credentials } = options;
  const user =
    'token' in credentials
      ? { token: credentials.token }
      : {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        };
  return dump(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: options.cluster,
          cluster: { server: options.server, 'certificate-authority-data': base64(options.ca) },
        },
      ],
      users: [{ name: options.user, user }],
      contexts: [{ name: options.context, context: { cluster: options.cluster, user: options.user } }],
      'current-context': options.context,
      preferences: {},
    },
    { lineWidth: -1 },
  );
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
