/** Users by service account token (bound tokens from TokenRequest). */

import type { KubeObject, ObjectMeta } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type JWTPayload } from 'jose';
import type { ObjectAccess } from '../contracts.js';
import { extraOf, type ObjectClaim, type PrivateClaims, parsePrivateClaims } from '../service-accounts/claims.js';
import type { VerificationKey } from '../service-accounts/keys.js';
import type { TokenAuthenticator, TokenIdentity } from './token-authenticator.js';
import { serviceAccountGroups, serviceAccountUserName } from './users.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Longer ones are refused before any parsing. */
export const maxTokenLength = 64 * 1024;
/** Tokens of a pod or account that is being deleted work this long, so that it can end in order. */
const deletionLeewayMs = 60_000;
const clockSkewSeconds = 60;

export interface ServiceAccountTokenOptions {
  /** --service-account-issuer; the first issues, all are accepted. */
  issuers: readonly string[];
  keys: readonly VerificationKey[];
  objects: ObjectAccess;
  clock: Clock;
}

export function createServiceAccountTokenAuthenticator(options: ServiceAccountTokenOptions): TokenAuthenticator {
  const verified = new VerifiedTokens(options.clock);
  return {
    async authenticateToken(token, audiences) {
      if (!isIssuedBy(token, options.issuers)) return undefined;
      const payload = await verified.payloadOf(token, () => verifySignature(token, options.keys));
      checkTimes(payload, options.clock.now());
      const matched = matchAudiences(payload, audiences);
      const claims = parsePrivateClaims(payload['kubernetes.io']);
      if (!claims)
        throw new Error('service account token claims could not be validated due to unexpected private claim');
      await checkLiveObjects(options, claims);
      return identityOf(payload, claims, matched);
    },
  };
}

/** Looks at the unverified issuer, so that tokens of others are left to others. */
export function isIssuedBy(token: string, issuers: readonly string[]): boolean {
  if (token.length > maxTokenLength || token.split('.').length !== 3) return false;
  try {
    return issuers.includes(decodeJwt(token).iss ?? '');
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Throws for any signature that is not by one of the keys with that key's own algorithm (`none` and HMAC never are). */
export async function verifySignature(token: string, keys: readonly VerificationKey[]): Promise<JWTPayload> {
  const { kid } = decodeProtectedHeader(token);
  const named = keys.filter((key) => key.id === kid);
  let failure: unknown;
  for (const { key, algorithm } of named.length > 0 ? named : keys) {
    try {
      await compactVerify(token, key, { algorithms: [algorithm] });
      return decodeJwt(token);
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('invalid signature', { cause: failure });
}

function checkTimes(payload: JWTPayload, nowMs: number): void {
  const now = nowMs / 1000;
  if (payload.exp === undefined || now - clockSkewSeconds > payload.exp) {
    throw new Error('service account token has expired');
  }
  const notBefore = Math.max(payload.nbf ?? 0, payload.iat ?? 0);
  if (now + clockSkewSeconds < notBefore) throw new Error('service account token is not valid yet');
}

function matchAudiences(payload: JWTPayload, wanted: readonly string[]): string[] {
  const own = payload.aud === undefined ? [] : [payload.aud].flat();
  const matched = wanted.filter((audience) => own.includes(audience));
  if (matched.length === 0) throw audienceMismatch(own, wanted);
  return matched;
}

export function audienceMismatch(own: readonly string[], wanted: readonly string[]): Error {
  return new Error(`token audiences ${quoteList(own)} is invalid for the target audiences ${quoteList(wanted)}`);
}

function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

type Bound = Pick<KubeObject, 'metadata'>;

async function checkLiveObjects(options: ServiceAccountTokenOptions, claims: PrivateClaims): Promise<void> {
  const { namespace, serviceaccount } = claims;
  const account = await lookUp(options, 'serviceaccounts', namespace, serviceaccount);
  if (!account) throw new Error(`serviceaccounts "${serviceaccount.name}" not found`);
  if (isGone(options.clock, account.metadata)) {
    throw new Error(`service account ${namespace}/${serviceaccount.name} has been deleted`);
  }
  if (account.metadata.uid !== serviceaccount.uid) {
    throw new Error(`service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`);
  }
  const bound: [string, string | undefined, ObjectClaim | undefined][] = [
    ['secrets', namespace, claims.secret],
    ['pods', namespace, claims.pod],
    // A token bound to a pod names the node for information only.
    ['nodes', undefined, claims.pod ? undefined : claims.node],
  ];
  for (const [resource, scope, claim] of bound) {
    if (!claim) continue;
    const object = await lookUp(options, resource, scope, claim);
    if (!object || object.metadata.uid !== claim.uid || isGone(options.clock, object.metadata)) {
      throw new Error('service account token has been invalidated');
    }
  }
}

/** From the cache; a missing or unexpected object is asked for again, because the cache may be behind. */
async function lookUp(
  options: ServiceAccountTokenOptions,
  resource: string,
  namespace: string | undefined,
  claim: ObjectClaim,
): Promise<Bound | undefined> {
  const groupResource = { group: '', resource };
  const cached = options.objects.peek<Bound>(groupResource, namespace, claim.name);
  if (cached && cached.metadata.uid === claim.uid) return cached;
  return options.objects.get<Bound>(groupResource, namespace, claim.name);
}

function isGone(clock: Clock, metadata: ObjectMeta): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  return Date.parse(metadata.deletionTimestamp) < clock.now() - deletionLeewayMs;
}

function identityOf(payload: JWTPayload, claims: PrivateClaims, audiences: string[]): TokenIdentity {
  const { namespace, serviceaccount } = claims;
  const extra = extraOf(claims, payload.jti);
  return {
    user: {
      name: serviceAccountUserName(namespace, serviceaccount.name),
      uid: serviceaccount.uid,
      groups: serviceAccountGroups(namespace),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    },
    audiences,
  };
}
