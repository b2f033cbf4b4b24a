/** Makes service account tokens. */

import { randomUUID } from 'node:crypto';
import type { Clock } from '@kubelab/component/clock';
import { SignJWT } from 'jose';
import { serviceAccountUserName } from '../authentication/users.js';
import type { PrivateClaims } from './claims.js';
import type { SigningKey } from './keys.js';

export interface TokenIssuerOptions {
  /** First --service-account-issuer. */
  issuer: string;
  signingKey: SigningKey;
  clock: Clock;
}

export interface TokenSpec {
  claims: PrivateClaims;
  audiences: readonly string[];
  expirationSeconds: number;
}

export interface IssuedToken {
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface TokenIssuer {
  issue(spec: TokenSpec): Promise<IssuedToken>;
}

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { signingKey } = options;
  return {
    async issue({ claims, audiences, expirationSeconds }) {
      const now = Math.floor(options.clock.now() / 1000);
      const expiry = now + expirationSeconds;
      const token = await new SignJWT({ 'kubernetes.io': claims })
        .setProtectedHeader({ alg: signingKey.algorithm, kid: signingKey.id })
        .setIssuer(options.issuer)
        .setSubject(serviceAccountUserName(claims.namespace, claims.serviceaccount.name))
        .setAudience([...audiences])
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(expiry)
        .sign(signingKey.privateKey);
      return { token, expiresAt: expiry * 1000 };
    },
  };
}
