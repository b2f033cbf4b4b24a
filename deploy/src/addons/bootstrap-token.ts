/** What lets a node join: the token, and the cluster-info that it vouches for, as kubeadm lays them out. */

import { createHmac } from 'node:crypto';
import { dump } from 'js-yaml';
import type { Manifest } from './manifests.js';

export interface BootstrapToken {
  id: string;
  secret: string;
}

/** Group of whoever presents the token: what the bootstrap rights are bound to. */
export const bootstrapGroup = 'system:bootstrappers:kubeadm:default-node-token';

/** Throws for anything that is not `abcdef.0123456789abcdef`. */
export function parseBootstrapToken(text: string): BootstrapToken {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(text.trim());
  if (!match) throw new Error('the bootstrap token is not of the form "abcdef.0123456789abcdef"');
  return { id: match[1]!, secret: match[2]! };
}

export function bootstrapTokenSecret(token: BootstrapToken): Manifest {
  const values = {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': bootstrapGroup,
    description: "The token with which the lab's nodes join.",
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${token.id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
  };
}

/** Where the cluster is and which CA it has, readable by everybody; the signature proves it to whoever holds the token. */
export function clusterInfo(token: BootstrapToken, cluster: { server: string; ca: string }): Manifest {
  const kubeconfig = dump(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: '',
          cluster: {
            'certificate-authority-data': Buffer.from(cluster.ca).toString('base64'),
            server: cluster.server,
          },
        },
      ],
      contexts: null,
      'current-context': '',
      preferences: {},
      users: null,
    },
    { lineWidth: -1 },
  );
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig, [`jws-kubeconfig-${token.id}`]: detachedSignature(token, kubeconfig) },
  };
}

/** A JSON web signature (HS256) without its payload. */
function detachedSignature(token: BootstrapToken, payload: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: token.id })).toString('base64url');
  const signed = `${header}.${Buffer.from(payload).toString('base64url')}`;
  return `${header}..${createHmac('sha256', token.secret).update(signed).digest('base64url')}`;
}
