import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { tokenReviews } from '@kubelab/api/resource-types';
import type { TokenReview } from '@kubelab/api/types';
import { unauthorized } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';

export interface RequestUser {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export const anonymous: RequestUser = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface AuthenticatorOptions {
  client: KubeClient;
  clock: Clock;
  anonymousAuth: boolean;
}

const authenticated = 'system:authenticated';
/** How long an answer of the API server about a token is believed. */
const rememberMs = 120_000;
const rememberedTokens = 1024;

/** Finds out who asks: by client certificate, or by asking the API server about a bearer token. */
export class RequestAuthenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens = new Map<string, { user: RequestUser; until: number }>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Throws StatusError 401 for credentials that are wrong, and for none where anonymous requests are off. */
  async authenticate(request: IncomingMessage): Promise<RequestUser> {
    const fromCertificate = userOfCertificate(request.socket as TLSSocket);
    if (fromCertificate) return fromCertificate;
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token) return this.#userOfToken(token);
    if (this.#options.anonymousAuth) return anonymous;
    throw unauthorized();
  }

  async #userOfToken(token: string): Promise<RequestUser> {
    const { client, clock } = this.#options;
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#tokens.get(key);
    if (known && clock.now() < known.until) return known.user;
    const review = await client.create(tokenReviews, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    } as TokenReview);
    const { authenticated: valid, user } = review.status ?? {};
    if (!valid || !user?.username) throw unauthorized();
    const found: RequestUser = {
      name: user.username,
      groups: user.groups ?? [],
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
    };
    if (this.#tokens.size >= rememberedTokens) this.#tokens.clear();
    this.#tokens.set(key, { user: found, until: clock.now() + rememberMs });
    return found;
  }
}

/** The user of a client certificate that the client CA signed; undefined without one. */
export function userOfCertificate(socket: Partial<TLSSocket>): RequestUser | undefined {
  if (!socket.authorized || !socket.getPeerCertificate) return undefined;
  const { subject } = socket.getPeerCertificate();
  // Several O= entries come as a list, which the types do not say.
  const { CN: name, O: organizations } = (subject ?? {}) as { CN?: string; O?: string | string[] };
  if (!name) return undefined;
  return { name, groups: [...[organizations ?? []].flat(), authenticated] };
}
