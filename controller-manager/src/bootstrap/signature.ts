/** Signatures of the cluster-info ConfigMap, by which a joining node knows that it speaks to the right cluster: pure. */

import { createHmac } from 'node:crypto';
import type { ConfigMap } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { BootstrapToken } from './token-secret.js';

const kubeconfigKey = 'kubeconfig';
const signaturePrefix = 'jws-kubeconfig-';

/** A JWS (HS256) without its payload: `HEADER..SIGNATURE`. */
export function detachedSignature(content: string, { id, secret }: BootstrapToken): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const payload = Buffer.from(content).toString('base64url');
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}..${signature}`;
}

/** The ConfigMap's data with one signature per token, or undefined when it is right. */
export function signedData(
  configMap: ConfigMap,
  tokens: readonly BootstrapToken[],
): Record<string, string> | undefined {
  const content = configMap.data?.[kubeconfigKey];
  const kept = Object.entries(configMap.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
  const signatures = content
    ? tokens.map((token) => [`${signaturePrefix}${token.id}`, detachedSignature(content, token)])
    : [];
  const data = Object.fromEntries([...kept, ...signatures]) as Record<string, string>;
  return deepEqual(data, configMap.data ?? {}) ? undefined : data;
}
