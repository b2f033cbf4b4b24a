/** Where a node's kubelet listens. */

import { isIP } from 'node:net';
import type { Node } from '@kubelab/api/types';
import { internalError, notFound } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';
import { type Backend, BackendPool } from './backend.js';

const nodes = { group: '', resource: 'nodes' };
export const defaultKubeletPort = 10250;

export interface KubeletCredentials {
  /** PEM of --kubelet-client-certificate and --kubelet-client-key. */
  cert?: string;
  key?: string;
  /** PEM of --kubelet-certificate-authority; without it the kubelet's certificate is not verified, as with upstream. */
  ca?: string;
}

export interface KubeletLocatorOptions {
  objects: ObjectAccess;
  credentials: KubeletCredentials;
  /** --kubelet-preferred-address-types. */
  preferredAddressTypes: readonly string[];
}

export class KubeletLocator {
  readonly #pool: BackendPool;
  readonly #unverified: BackendPool;

  constructor(private readonly options: KubeletLocatorOptions) {
    const { cert, key, ca } = options.credentials;
    const client = { ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
    const unverified = { ...client, rejectUnauthorized: false };
    this.#pool = new BackendPool({ tls: ca ? { ...client, ca, rejectUnauthorized: true } : unverified });
    this.#unverified = new BackendPool({ tls: unverified });
  }

  /** Throws StatusError 404 for an unknown node, 500 for one without a usable address. */
  async locate(nodeName: string, { verify }: { verify: boolean } = { verify: true }): Promise<Backend> {
    const node =
      this.options.objects.peek<Node>(nodes, undefined, nodeName) ??
      (await this.options.objects.get<Node>(nodes, undefined, nodeName));
    if (!node) throw notFound(nodes, nodeName);
    const host = this.addressOf(node);
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
    return (verify ? this.#pool : this.#unverified).backend({ secure: true, host, port });
  }

  /** The node's address by the preferred types. */
  addressOf(node: Node): string {
    const addresses = node.status?.addresses ?? [];
    for (const type of this.options.preferredAddressTypes) {
      const found = addresses.find((candidate) => candidate.type === type && candidate.address !== '');
      if (found) return found.address;
    }
    const known = addresses.map((candidate) => candidate.type).join(' ');
    throw internalError(new Error(`no preferred addresses found; known addresses: [${known}]`));
  }

  close(): void {
    this.#pool.close();
    this.#unverified.close();
  }
}

/** Not unspecified, loopback, link-local, multicast or broadcast. */
export function isGlobalUnicast(address: string): boolean {
  const version = isIP(address);
  if (version === 4) {
    const [first = 0, second = 0] = address.split('.').map(Number);
    if (first === 0 || first === 127 || first >= 224) return false;
    return !(first === 169 && second === 254);
  }
  if (version === 6) {
    const lower = address.toLowerCase();
    return lower !== '::' && lower !== '::1' && !/^fe[89ab]/.test(lower) && !lower.startsWith('ff');
  }
  return false;
}
