/** A client per controller that acts as the controller's own service account, with tokens that are renewed before they end. */

import { serviceAccounts } from '@kubelab/api/resource-types';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { ClientConfig } from '@kubelab/client/config';
import { createClient } from '@kubelab/client/rest-client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';

const tokenSeconds = 3600;
const renewAfterMs = 0.8 * tokenSeconds * 1000;
const retryMs = 500;

interface TokenRequest {
  status?: { token: string };
}

export class ServiceAccountClients {
  readonly #options: { access: ClientConfig; root: KubeClient; clock: Clock; logger: Logger };
  readonly #clients = new Map<string, Promise<KubeClient>>();

  /** `root` may create service accounts and their tokens in kube-system. */
  constructor(options: { access: ClientConfig; root: KubeClient; clock: Clock; logger: Logger }) {
    this.#options = options;
  }

  /** Retries until there is a token; rejects when the signal aborts. */
  of(name: string, signal: AbortSignal): Promise<KubeClient> {
    let client = this.#clients.get(name);
    if (!client) {
      client = this.#create(name, signal);
      this.#clients.set(name, client);
    }
    return client;
  }

  async #create(name: string, signal: AbortSignal): Promise<KubeClient> {
    const { access } = this.#options;
    let token = await this.#untilToken(name, signal);
    this.#keepFresh(name, signal, (next) => {
      token = next;
    }).catch((error: unknown) => {
      if (!signal.aborted) this.#options.logger.error('Token is no longer renewed', { serviceAccount: name, error });
    });
    const { cert: _cert, key: _key, ...rest } = access;
    return createClient({
      ...rest,
      token: () => token,
      userAgent: `${access.userAgent ?? 'kube-controller-manager'}/system:serviceaccount:kube-system:${name}`,
    });
  }

  async #keepFresh(name: string, signal: AbortSignal, use: (token: string) => void): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(renewAfterMs, signal);
      use(await this.#untilToken(name, signal));
    }
  }

  async #untilToken(name: string, signal: AbortSignal): Promise<string> {
    const { clock, logger } = this.#options;
    for (;;) {
      try {
        return await this.#requestToken(name);
      } catch (error) {
        if (signal.aborted) throw error;
        logger.warn('Token could not be had, will be retried', { serviceAccount: name, error });
        await clock.sleep(retryMs, signal);
      }
    }
  }

  async #requestToken(name: string): Promise<string> {
    const { root } = this.#options;
    try {
      await root.create(serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace: 'kube-system' },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: tokenSeconds },
    };
    const { status } = await root.createSubresource<TokenRequest>(
      serviceAccounts,
      name,
      'kube-system',
      'token',
      request,
    );
    if (!status?.token) throw new Error(`the API server gave no token for ${name}`);
    return status.token;
  }
}
