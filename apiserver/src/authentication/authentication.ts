/** All ways to authenticate, joined as upstream joins them. */

import { isStatusError, unauthorized } from '@kubelab/apimachinery/status-error';
import type { Clock } from '@kubelab/component/clock';
import type { Authenticator, ObjectAccess, UserInfo } from '../contracts.js';
import type { VerificationKey } from '../service-accounts/keys.js';
import { createBootstrapTokenAuthenticator } from './bootstrap-token.js';
import type { CertificateAuthorities } from './certificate-chain.js';
import { createClientCertificateAuthenticator } from './client-certificate.js';
import { createFrontProxyAuthenticator, type FrontProxyOptions } from './front-proxy.js';
import { createLegacyTokenAuthenticator } from './legacy-token.js';
import { createServiceAccountTokenAuthenticator } from './service-account-token.js';
import {
  aggregate,
  asError,
  createBearerAuthenticator,
  type TokenAuthenticator,
  unionTokenAuthenticator,
} from './token-authenticator.js';
import { anonymousUser, withAuthenticatedGroup } from './users.js';

export interface AuthenticationOptions {
  objects: ObjectAccess;
  clock: Clock;
  /** --client-ca-file; without it there are no client certificates. */
  clientAuthorities?: CertificateAuthorities;
  /** --requestheader-*; without it there is no front proxy. */
  frontProxy?: Omit<FrontProxyOptions, 'clock'>;
  /** --service-account-issuer and --service-account-key-file. */
  serviceAccounts?: { issuers: readonly string[]; keys: readonly VerificationKey[]; lookup?: boolean };
  /** --api-audiences; by default the issuers. */
  apiAudiences: readonly string[];
  /** --enable-bootstrap-token-auth. */
  bootstrapTokens: boolean;
  /** --anonymous-auth. */
  anonymous: boolean;
}

export interface Authentication {
  /** Always gives a user or throws 401 (5xx when objects could not be read). */
  authenticator: { authenticate(request: Parameters<Authenticator['authenticate']>[0]): Promise<UserInfo> };
  /** For TokenReview. */
  tokens: TokenAuthenticator;
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const tokens = unionTokenAuthenticator(tokenAuthenticators(options));
  const members: Authenticator[] = [];
  if (options.frontProxy) members.push(createFrontProxyAuthenticator({ ...options.frontProxy, clock: options.clock }));
  if (options.clientAuthorities) {
    members.push(
      createClientCertificateAuthenticator({ authorities: options.clientAuthorities, clock: options.clock }),
    );
  }
  members.push(createBearerAuthenticator(tokens, options.apiAudiences));
  return { authenticator: joined(members, options.anonymous), tokens };
}

function tokenAuthenticators(options: AuthenticationOptions): TokenAuthenticator[] {
  const { objects, clock, serviceAccounts, apiAudiences } = options;
  const members: TokenAuthenticator[] = [];
  if (serviceAccounts) {
    const { lookup = true } = serviceAccounts;
    members.push(createLegacyTokenAuthenticator({ keys: serviceAccounts.keys, objects, clock, apiAudiences, lookup }));
    members.push(createServiceAccountTokenAuthenticator({ ...serviceAccounts, objects, clock }));
  }
  if (options.bootstrapTokens) members.push(createBootstrapTokenAuthenticator({ objects, clock, apiAudiences }));
  return members;
}

function joined(members: readonly Authenticator[], anonymous: boolean): Authentication['authenticator'] {
  return {
    async authenticate(request) {
      const errors: Error[] = [];
      for (const member of members) {
        try {
          const user = await member.authenticate(request);
          if (user) return withAuthenticatedGroup(user);
        } catch (error) {
          errors.push(asError(error));
        }
      }
      if (errors.length > 0) throw rejection(aggregate(errors));
      if (anonymous) return anonymousUser;
      throw unauthorized();
    },
  };
}

/** Clients learn only that they are not let in; the reason is the cause, for the log. */
function rejection(error: Error): Error {
  if (isStatusError(error) && error.code >= 500) return error;
  const refusal = unauthorized();
  refusal.cause = error;
  return refusal;
}
