/** What is written into service account tokens: upstream's private claims. */

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';
/** `iss` of the tokens in Secrets of type kubernetes.io/service-account-token. */
export const legacyIssuer = 'kubernetes/serviceaccount';

export interface ObjectClaim {
  name: string;
  uid: string;
}

export interface PrivateClaims {
  namespace: string;
  serviceaccount: ObjectClaim;
  pod?: ObjectClaim;
  secret?: ObjectClaim;
  node?: ObjectClaim;
  /** Seconds since the epoch after which use of the token is worth a warning. */
  warnafter?: number;
}

export const podNameKey = 'authentication.kubernetes.io/pod-name';
export const podUidKey = 'authentication.kubernetes.io/pod-uid';
export const nodeNameKey = 'authentication.kubernetes.io/node-name';
export const nodeUidKey = 'authentication.kubernetes.io/node-uid';
export const credentialIdKey = 'authentication.kubernetes.io/credential-id';

function isObjectClaim(value: unknown): value is ObjectClaim {
  const claim = value as Partial<ObjectClaim> | null;
  return typeof claim === 'object' && claim !== null && typeof claim.name === 'string' && typeof claim.uid === 'string';
}

/** Reads the `kubernetes.io` claim; undefined when it is not of the right shape. */
export function parsePrivateClaims(value: unknown): PrivateClaims | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const claims = value as Record<string, unknown>;
  if (typeof claims['namespace'] !== 'string' || !isObjectClaim(claims['serviceaccount'])) return undefined;
  for (const reference of ['pod', 'secret', 'node']) {
    if (claims[reference] !== undefined && !isObjectClaim(claims[reference])) return undefined;
  }
  if (claims['warnafter'] !== undefined && typeof claims['warnafter'] !== 'number') return undefined;
  return value as PrivateClaims;
}

/** Fields of user.extra that tell what a token is bound to. */
export function extraOf(claims: PrivateClaims, tokenId: string | undefined): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  if (tokenId) extra[credentialIdKey] = [`JTI=${tokenId}`];
  if (claims.pod) {
    extra[podNameKey] = [claims.pod.name];
    extra[podUidKey] = [claims.pod.uid];
  }
  if (claims.node) {
    extra[nodeNameKey] = [claims.node.name];
    if (claims.node.uid) extra[nodeUidKey] = [claims.node.uid];
  }
  return extra;
}
