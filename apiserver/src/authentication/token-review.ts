/** TokenReview and SelfSubjectReview: who is behind a token, and who am I. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, internalError, isStatusError } from '@kubelab/apimachinery/status-error';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { ActionHandler, UserInfo } from '../contracts.js';
import { asError, type TokenAuthenticator, type TokenIdentity } from './token-authenticator.js';
import { withAuthenticatedGroup } from './users.js';

export interface TokenReviewOptions {
  tokens: TokenAuthenticator;
  /** Whom a token is meant for when the review names no audiences. */
  apiAudiences: readonly string[];
}

interface TokenReviewSpec {
  token?: string;
  audiences?: string[];
}

export function createTokenReviewHandler(options: TokenReviewOptions): ActionHandler {
  return {
    async create(_context, body) {
      const spec = (body['spec'] ?? {}) as TokenReviewSpec;
      if (!spec.token) throw badRequest('token is required for TokenReview in authentication');
      if (body.metadata?.namespace)
        throw badRequest(`namespace is not allowed on this type: ${body.metadata.namespace}`);
      const audiences = spec.audiences?.length ? spec.audiences : [...options.apiAudiences];
      const status = await review(options.tokens, spec.token, audiences);
      return { code: 201, object: { ...body, status } };
    },
  };
}

async function review(
  tokens: TokenAuthenticator,
  token: string,
  audiences: string[],
): Promise<Record<string, unknown>> {
  let identity: TokenIdentity | undefined;
  try {
    identity = await tokens.authenticateToken(token, audiences);
  } catch (error) {
    if (isStatusError(error) && error.code >= 500) throw error;
    return { user: {}, error: asError(error).message };
  }
  if (!identity) return { user: {}, error: 'invalid bearer token' };
  if (identity.audiences.length === 0) throw internalError(new Error('error validating audience'));
  return { authenticated: true, user: userInfo(withAuthenticatedGroup(identity.user)), audiences: identity.audiences };
}

/** authentication/v1 UserInfo. */
export function userInfo(user: UserInfo): Record<string, unknown> {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra ? { extra: user.extra } : {}),
  };
}

export function createSelfSubjectReviewHandler(options: { clock: Clock }): ActionHandler {
  return {
    async create(context, body: UnstructuredObject) {
      return {
        code: 201,
        object: {
          kind: 'SelfSubjectReview',
          apiVersion: body.apiVersion,
          metadata: { ...body.metadata, creationTimestamp: timestamp(options.clock) },
          status: { userInfo: userInfo(context.user) },
        },
      };
    },
  };
}
