import type { NodeAddress } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { createRequest, generateKey } from './certificate-request.js';
import { CertificateStore, rotationTime, type StoredCertificate } from './certificate-store.js';
import { requestCertificate, whyNotSigned } from './signing.js';

export interface ServingCertificateOptions {
  client: KubeClient;
  nodeName: string;
  certDir: string;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  addresses(): readonly NodeAddress[];
  /** Certificate and key in one PEM. */
  use(pem: string): void;
}

const signerName = 'kubernetes.io/kubelet-serving';
const retryMs = 1_000;
const longestRetryMs = 30_000;
const checkMs = 60_000;

/** Gets the certificate of the kubelet's own server from the cluster: at first, when the node's addresses change, and before it expires. */
export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  readonly #store: CertificateStore;
  #wake = new AbortController();

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
    this.#store = new CertificateStore(options.certDir, 'kubelet-server');
  }

  /** The addresses may have changed. */
  check(): void {
    this.#wake.abort();
  }

  async run(): Promise<void> {
    const { clock, signal, logger, use } = this.#options;
    const random = Math.random();
    let current = await this.#store.load();
    if (current && current.notAfter > clock.now()) use(current.pem);
    let delayMs = retryMs;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        if (!current || !this.#fits(current) || clock.now() >= rotationTime(current, random)) {
          current = await this.#sign();
          logger.info('Serving certificate is signed', { dnsNames: current.dnsNames, ips: current.ips });
          use(current.pem);
        }
        delayMs = retryMs;
        await clock.sleep(checkMs, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('No serving certificate yet', whyNotSigned(error));
        await clock.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, longestRetryMs);
      }
    }
  }

  #names(): { dnsNames: string[]; ips: string[] } {
    const addresses = this.#options.addresses();
    const ofTypes = (...types: string[]): string[] => [
      ...new Set(addresses.filter(({ type }) => types.includes(type)).map(({ address }) => address)),
    ];
    return { dnsNames: ofTypes('Hostname', 'InternalDNS', 'ExternalDNS'), ips: ofTypes('InternalIP', 'ExternalIP') };
  }

  #fits(certificate: StoredCertificate): boolean {
    const { dnsNames, ips } = this.#names();
    return (
      dnsNames.every((name) => certificate.dnsNames.includes(name)) && ips.every((ip) => certificate.ips.includes(ip))
    );
  }

  async #sign(): Promise<StoredCertificate> {
    const { client, nodeName, clock, signal } = this.#options;
    const names = this.#names();
    if (names.dnsNames.length + names.ips.length === 0) throw new Error('the node has no addresses yet');
    const keyPem = await generateKey();
    const request = await createRequest(keyPem, {
      commonName: `system:node:${nodeName}`,
      organization: 'system:nodes',
      ...names,
    });
    const certificate = await requestCertificate({ client, clock, request, signerName, keyPem, signal });
    return this.#store.save(certificate, keyPem, new Date(clock.now()));
  }
}
