/** How a kubelet gets its identity: with a bootstrap token once, with its own certificate from then on. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeClient } from '@kubelab/client/client';
import type { ClientConfig } from '@kubelab/client/config';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { ConfigError } from '@kubelab/component/service';
import { createRequest, generateKey } from './certificate-request.js';
import { CertificateStore, rotationTime } from './certificate-store.js';
import { kubeconfigText, writeAtomic } from './kubeconfig-file.js';
import { requestCertificate, SigningRefusedError, whyNotSigned } from './signing.js';

export interface ClientCertificateOptions {
  nodeName: string;
  /** --kubeconfig: where the result is written. */
  kubeconfig: string;
  /** --bootstrap-kubeconfig; empty when the kubeconfig is made by somebody else. */
  bootstrapKubeconfig: string;
  certDir: string;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
const retryMs = 1_000;
const longestRetryMs = 15_000;

export class ClientCertificate {
  readonly #options: ClientCertificateOptions;
  readonly #store: CertificateStore;

  constructor(options: ClientCertificateOptions) {
    this.#options = options;
    this.#store = new CertificateStore(options.certDir, 'kubelet-client');
  }

  /** A kubeconfig's content with a valid certificate, got now if need be. Waits as long as it takes. */
  async obtain(): Promise<ClientConfig> {
    const { kubeconfig, bootstrapKubeconfig, clock, logger } = this.#options;
    const stored = await this.#store.load();
    const usable = stored !== undefined && stored.notAfter > clock.now();
    if (existsSync(kubeconfig) && (usable || bootstrapKubeconfig === '')) return loadKubeconfig(kubeconfig);
    if (bootstrapKubeconfig === '')
      throw new ConfigError([
        `--kubeconfig: file ${kubeconfig} does not exist, and there is no --bootstrap-kubeconfig`,
      ]);
    const bootstrap = loadKubeconfig(bootstrapKubeconfig);
    if (!usable) {
      logger.info('Requesting a client certificate with the bootstrap kubeconfig');
      const client = createClient(bootstrap);
      try {
        await this.#untilSigned(client);
      } finally {
        client.close();
      }
    }
    await writeAtomic(kubeconfig, kubeconfigText(bootstrap, this.#store.currentPath));
    return loadKubeconfig(kubeconfig);
  }

  /** Replaces the certificate before it expires; `rotated` gets the new configuration. */
  async keep(client: KubeClient, rotated: (config: ClientConfig) => void): Promise<void> {
    const { clock, signal, logger, kubeconfig } = this.#options;
    while (!signal.aborted) {
      const stored = await this.#store.load();
      // A certificate that somebody else provides is somebody else's to renew.
      if (!stored) return;
      const due = rotationTime(stored, Math.random());
      await sleepUntil(clock, due, signal);
      if (signal.aborted) return;
      logger.info('Renewing the client certificate');
      await this.#untilSigned(client);
      rotated(loadKubeconfig(kubeconfig));
    }
  }

  async #untilSigned(client: KubeClient): Promise<void> {
    const { clock, signal, logger } = this.#options;
    for (let delayMs = retryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        await this.#sign(client);
        return;
      } catch (error) {
        signal.throwIfAborted();
        logger.warn('No client certificate yet', whyNotSigned(error));
        // A refused key is not asked about again.
        if (error instanceof SigningRefusedError) await rm(this.#keyPath(), { force: true });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  #keyPath(): string {
    return join(this.#options.certDir, 'kubelet-client.key.tmp');
  }

  async #sign(client: KubeClient): Promise<void> {
    const { nodeName, clock, signal } = this.#options;
    const keyPem = await this.#key();
    const request = await createRequest(keyPem, {
      commonName: `system:node:${nodeName}`,
      organization: 'system:nodes',
    });
    const certificate = await requestCertificate({ client, clock, request, signerName, keyPem, signal });
    await this.#store.save(certificate, keyPem, new Date(clock.now()));
    await rm(this.#keyPath(), { force: true });
  }

  /** The key waits on disk for its certificate, so that a restart does not begin another request. */
  async #key(): Promise<string> {
    const path = this.#keyPath();
    if (existsSync(path)) return readFile(path, 'utf8');
    const key = await generateKey();
    await mkdir(this.#options.certDir, { recursive: true, mode: 0o700 });
    await writeFile(path, key, { mode: 0o600 });
    return key;
  }
}

/** Timers end at 2^31 ms, certificates later. */
export async function sleepUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && clock.now() < time) {
    await clock.sleep(Math.min(time - clock.now(), 24 * 3600 * 1000), signal).catch(() => undefined);
  }
}
