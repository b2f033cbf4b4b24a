/** Users by the tokens in Secrets of type kubernetes.io/service-account-token, which do not expire. */

import { timingSafeEqual } from 'node:crypto';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import type { JWTPayload } from 'jose';
import type { ObjectAccess } from '../contracts.js';
import { legacyIssuer } from '../service-accounts/claims.js';
import type { VerificationKey } from '../service-accounts/keys.js';
import { audienceMismatch, isIssuedBy, verifySignature } from './service-account-token.js';
import type { TokenAuthenticator } from './token-authenticator.js';
import { serviceAccountGroups, serviceAccountUserName } from './users.js';
import { VerifiedTokens } from './verified-tokens.js';

export interface LegacyTokenOptions {
  keys: readonly VerificationKey[];
  objects: ObjectAccess;
  clock: Clock;
  apiAudiences: readonly string[];
  /** --service-account-lookup, on by default: without it a token lives on after its Secret. */
  lookup?: boolean;
}

interface LegacyClaims {
  namespace: string;
  secretName: string;
  accountName: string;
  accountUid: string;
}

interface SecretLike extends Pick<KubeObject, 'metadata'> {
  data?: Record<string, string>;
}

export function createLegacyTokenAuthenticator(options: LegacyTokenOptions): TokenAuthenticator {
  const verified = new VerifiedTokens(options.clock);
  return {
    async authenticateToken(token, audiences) {
      if (!isIssuedBy(token, [legacyIssuer])) return undefined;
      const payload = await verified.payloadOf(token, () => verifySignature(token, options.keys));
      const matched = audiences.filter((audience) => options.apiAudiences.includes(audience));
      if (matched.length === 0) throw audienceMismatch(options.apiAudiences, audiences);
      const claims = readClaims(payload);
      if (options.lookup !== false) await checkSecret(options.objects, token, claims);
      return {
        user: {
          name: serviceAccountUserName(claims.namespace, claims.accountName),
          uid: claims.accountUid,
          groups: serviceAccountGroups(claims.namespace),
        },
        audiences: matched,
      };
    },
  };
}

function readClaims(payload: JWTPayload): LegacyClaims {
  const read = (name: string, what: string): string => {
    const value = payload[`kubernetes.io/serviceaccount/${name}`];
    if (typeof value !== 'string' || value === '') throw new Error(`${what} claim is missing`);
    return value;
  };
  if (!payload.sub) throw new Error('sub claim is missing');
  const claims = {
    namespace: read('namespace', 'namespace'),
    secretName: read('secret.name', 'secretName'),
    accountName: read('service-account.name', 'serviceAccountName'),
    accountUid: read('service-account.uid', 'serviceAccountUID'),
  };
  if (payload.sub !== serviceAccountUserName(claims.namespace, claims.accountName))
    throw new Error('sub claim is invalid');
  return claims;
}

async function checkSecret(objects: ObjectAccess, token: string, claims: LegacyClaims): Promise<void> {
  const secret = await lookUp<SecretLike>(objects, 'secrets', claims.namespace, claims.secretName, (found) =>
    holdsToken(found, token),
  );
  if (!secret || secret.metadata.deletionTimestamp !== undefined)
    throw new Error('service account token has been invalidated');
  if (!holdsToken(secret, token)) throw new Error('service account token does not match server copy');
  const account = await lookUp<Pick<KubeObject, 'metadata'>>(
    objects,
    'serviceaccounts',
    claims.namespace,
    claims.accountName,
    (found) => found.metadata.uid === claims.accountUid,
  );
  if (!account) throw new Error(`serviceaccounts "${claims.accountName}" not found`);
  if (account.metadata.deletionTimestamp !== undefined) throw new Error('service account has been deleted');
  if (account.metadata.uid !== claims.accountUid) throw new Error('service account UID does not match');
}

async function lookUp<T>(
  objects: ObjectAccess,
  resource: string,
  namespace: string,
  name: string,
  isExpected: (object: T) => boolean,
): Promise<T | undefined> {
  const cached = objects.peek<T>({ group: '', resource }, namespace, name);
  if (cached && isExpected(cached)) return cached;
  return objects.get<T>({ group: '', resource }, namespace, name);
}

function holdsToken(secret: SecretLike, token: string): boolean {
  const copy = Buffer.from(secret.data?.['token'] ?? '', 'base64');
  const given = Buffer.from(token);
  return copy.length === given.length && timingSafeEqual(copy, given);
}
