import { serviceAccounts } from '@kubelab/api/resource-types';
import type { Pod, TokenRequest } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { namespaceOf } from '../pods/pod.js';

export interface TokenSource {
  audience: string | undefined;
  expirationSeconds: number;
}

export interface ServiceAccountToken {
  value: string;
  /** Milliseconds since the epoch: when a new one should be asked for, and when this one is worth nothing. */
  refreshAt: number;
  expiresAt: number;
}

const maxAgeMs = 24 * 3600 * 1000;
/** Part of a token's life after which it is replaced. */
const refreshPoint = 0.8;
/** Whatever goes wrong, and whatever the clocks say: no token is asked for more often. */
const leastPauseMs = 60_000;

/** Tokens of the pods' service accounts, bound to the pods and renewed in time. */
export class TokenCache {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tokens = new Map<string, ServiceAccountToken>();

  constructor(options: { client: KubeClient; clock: Clock; logger: Logger }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  async get(pod: Pod, source: TokenSource): Promise<ServiceAccountToken> {
    const key = `${pod.metadata.uid}/${source.audience ?? ''}/${source.expirationSeconds}`;
    const known = this.#tokens.get(key);
    const now = this.#clock.now();
    if (known && now < known.refreshAt) return known;
    try {
      const token = await this.#request(pod, source);
      this.#tokens.set(key, token);
      return token;
    } catch (error) {
      if (!known || now >= known.expiresAt) throw error;
      // The old one still works.
      this.#logger.warn('Service account token could not be renewed', { pod: pod.metadata.name, error });
      const later = { ...known, refreshAt: Math.min(now + leastPauseMs, known.expiresAt) };
      this.#tokens.set(key, later);
      return later;
    }
  }

  forget(podUid: string): void {
    for (const key of this.#tokens.keys()) if (key.startsWith(`${podUid}/`)) this.#tokens.delete(key);
  }

  async #request(pod: Pod, source: TokenSource): Promise<ServiceAccountToken> {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: source.audience ? [source.audience] : [],
        expirationSeconds: source.expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
      },
    };
    const account = pod.spec.serviceAccountName || 'default';
    const requestedAt = this.#clock.now();
    const answer = await this.#client.createSubresource<TokenRequest>(
      serviceAccounts,
      account,
      namespaceOf(pod),
      'token',
      body,
    );
    if (!answer.status?.token)
      throw new Error(`the server gave no token for service account ${namespaceOf(pod)}/${account}`);
    const expiresAt = Date.parse(answer.status.expirationTimestamp);
    const life = Math.min((expiresAt - requestedAt) * refreshPoint, maxAgeMs);
    return { value: answer.status.token, expiresAt, refreshAt: requestedAt + Math.max(life, leastPauseMs) };
  }
}
