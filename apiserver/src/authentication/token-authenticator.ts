/** Users by bearer token. */

import type { IncomingMessage } from 'node:http';
import { StatusError } from '@kubelab/apimachinery/status-error';
import type { Authenticator, UserInfo } from '../contracts.js';
import { dropHeader, headerValue, replaceHeader } from './request-headers.js';

export interface TokenIdentity {
  user: UserInfo;
  /** Those of the wanted audiences that the token is meant for. */
  audiences: string[];
}

export interface TokenAuthenticator {
  /**
   * Undefined: not a token of this kind. Throws an Error for one that is wrong, a StatusError of 500 and more when it cannot be told.
   * `audiences`: whom the token is presented to.
   */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined>;
}

const webSocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Answers of several authenticators: the first that knows the token wins; errors count only when none does. */
export function unionTokenAuthenticator(members: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const errors: Error[] = [];
      for (const member of members) {
        try {
          const identity = await member.authenticateToken(token, audiences);
          if (identity) return identity;
        } catch (error) {
          errors.push(asError(error));
        }
      }
      if (errors.length > 0) throw aggregate(errors);
      return undefined;
    },
  };
}

/** For kinds of tokens that know no audiences: they are meant for the API server and for nobody else. */
export function forApiOnly(
  apiAudiences: readonly string[],
  identify: (token: string) => Promise<UserInfo | undefined>,
): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const matched = audiences.filter((audience) => apiAudiences.includes(audience));
      if (matched.length === 0) return undefined;
      const user = await identify(token);
      return user && { user, audiences: matched };
    },
  };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** One error for several, worded as Go's utilerrors.NewAggregate. Trouble of the server (5xx) goes before wrong credentials. */
export function aggregate(errors: readonly Error[]): Error {
  const own = errors.find((error) => error instanceof StatusError && error.code >= 500);
  if (own) return own;
  const messages = [...new Set(errors.map((error) => error.message))];
  const [only] = messages;
  return new Error(messages.length === 1 && only !== undefined ? only : `[${messages.join(', ')}]`, {
    cause: errors[0],
  });
}

/** `Authorization: Bearer TOKEN`, or for WebSockets from browsers the token as a sub-protocol. The header is taken away on success. */
export function createBearerAuthenticator(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    async authenticate(request) {
      const token = bearerToken(request);
      if (token !== undefined) {
        const user = await userFor(tokens, token, audiences);
        dropHeader(request, 'authorization');
        return user;
      }
      const socketToken = webSocketToken(request);
      if (!socketToken) return undefined;
      const user = await userFor(tokens, socketToken.token, audiences);
      if (socketToken.remaining === '') dropHeader(request, 'sec-websocket-protocol');
      else replaceHeader(request, 'sec-websocket-protocol', socketToken.remaining);
      return user;
    },
  };
}

async function userFor(tokens: TokenAuthenticator, token: string, audiences: readonly string[]): Promise<UserInfo> {
  const identity = await tokens.authenticateToken(token, audiences);
  if (!identity) throw new Error('invalid bearer token');
  return identity.user;
}

function bearerToken(request: IncomingMessage): string | undefined {
  const [scheme = '', token = ''] = (headerValue(request, 'authorization') ?? '').trim().split(' ');
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

function webSocketToken(request: IncomingMessage): { token: string; remaining: string } | undefined {
  const header = request.headers['sec-websocket-protocol'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || header === undefined) return undefined;
  const protocols = header.split(',').map((protocol) => protocol.trim());
  const carriers = protocols.filter((protocol) => protocol.startsWith(webSocketTokenPrefix));
  if (carriers.length === 0) return undefined;
  const remaining = protocols.filter((protocol) => !carriers.includes(protocol));
  if (carriers.length > 1) throw new Error('multiple base64.bearer.authorization tokens specified');
  if (remaining.length === 0) throw new Error('missing additional subprotocol');
  const encoded = carriers[0]?.slice(webSocketTokenPrefix.length) ?? '';
  return { token: Buffer.from(encoded, 'base64url').toString('utf8'), remaining: remaining.join(',') };
}
