/** Bootstrap token Secrets: pure. */

import type { Secret } from '@kubelab/api/types';

export const tokenSecretType = 'bootstrap.kubernetes.io/token';
export const tokenNamespace = 'kube-system';

export interface BootstrapToken {
  id: string;
  secret: string;
}

export function isTokenSecret({ type, metadata }: Secret): boolean {
  return type === tokenSecretType && metadata.namespace === tokenNamespace;
}

function text(secret: Secret, field: string): string {
  return Buffer.from(secret.data?.[field] ?? '', 'base64').toString('utf8');
}

/** Milliseconds until the token ends, 0 when it has or when its end cannot be read; undefined: it has no end. */
export function untilExpired(secret: Secret, nowMs: number): number | undefined {
  const expiration = text(secret, 'expiration');
  if (expiration === '') return undefined;
  const end = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(expiration)
    ? Date.parse(expiration)
    : Number.NaN;
  return Number.isNaN(end) ? 0 : Math.max(0, end - nowMs);
}

/** The token when the Secret is whole and may sign; undefined otherwise. */
export function signingToken(secret: Secret, nowMs: number): BootstrapToken | undefined {
  const [id, key] = [text(secret, 'token-id'), text(secret, 'token-secret')];
  if (!isTokenSecret(secret) || secret.metadata.deletionTimestamp) return undefined;
  if (!/^[a-z0-9]{6}$/.test(id) || !/^[a-z0-9]{16}$/.test(key)) return undefined;
  if (secret.metadata.name !== `bootstrap-token-${id}`) return undefined;
  if (untilExpired(secret, nowMs) === 0 || text(secret, 'usage-bootstrap-signing') !== 'true') return undefined;
  return { id, secret: key };
}
