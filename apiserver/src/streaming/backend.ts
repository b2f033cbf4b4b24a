/** Connections to kubelets, pods and services: how to reach one, and what its failures are called. */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

/** Where a request goes. */
export interface Backend {
  secure: boolean;
  host: string;
  port: number;
  /** For keep-alive requests; upgrades get connections of their own. */
  agent: HttpAgent;
  tls: ConnectionOptions;
}

/** A connection that is not made by then never will be. Upstream's dialers wait this long. */
export const connectTimeoutMs = 30_000;

export interface BackendPoolOptions {
  /** Certificates for all connections of this pool; empty for plain HTTP ones. */
  tls: ConnectionOptions;
}

/** Backends that share their idle connections. */
export class BackendPool {
  readonly #plain = new HttpAgent({ keepAlive: true, maxFreeSockets: 16 });
  readonly #secure: HttpsAgent;

  constructor(private readonly options: BackendPoolOptions) {
    this.#secure = new HttpsAgent({ keepAlive: true, maxFreeSockets: 16, ...options.tls });
  }

  backend(address: { secure: boolean; host: string; port: number }): Backend {
    return { ...address, agent: address.secure ? this.#secure : this.#plain, tls: this.options.tls };
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

const dialTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A connection error as Go words it: `dial tcp 10.0.0.1:10250: connect: connection refused`. */
export function describeFailure(error: Error, backend: Backend): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const host = backend.host.includes(':') ? `[${backend.host}]` : backend.host;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${backend.host}: no such host`;
  const text = dialTexts[code];
  if (text) return `dial tcp ${host}:${backend.port}: ${text}`;
  if (code === 'ECONNRESET') return 'EOF';
  return error.message;
}
