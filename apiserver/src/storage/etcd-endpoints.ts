/** Connections to the members of an etcd cluster through the etcd3 package: one is used until it fails, then the next. */

import { noop } from 'cockatiel';
import { Etcd3, type IOptions } from 'etcd3';
import { isTimeout, isTransient } from './etcd-errors.js';

export interface EtcdEndpointOptions {
  /** `http://host:port` or `https://host:port`. */
  endpoints: string[];
  /** PEM. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** etcd refuses pings that come more often than every five seconds. */
const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

export class EtcdEndpoints {
  readonly #members: Etcd3[];
  #preferred = 0;

  /** Connects to nobody yet: the first request does. */
  constructor(options: EtcdEndpointOptions) {
    this.#members = options.endpoints.map((host) => new Etcd3(memberOptions(host, options)));
  }

  /** Sends a request to the member that worked last; a failure that is the member's own makes the next request go elsewhere. */
  async send<T>(request: (etcd: Etcd3) => Promise<T>): Promise<T> {
    const index = this.#preferred;
    try {
      return await request(this.#member(index));
    } catch (error) {
      if (isTransient(error) || isTimeout(error)) this.#leave(index);
      throw error;
    }
  }

  /** The member in use, and what to call when a stream on it broke. */
  current(): { etcd: Etcd3; failed(): void } {
    const index = this.#preferred;
    return { etcd: this.#member(index), failed: () => this.#leave(index) };
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  #member(index: number): Etcd3 {
    const member = this.#members[index];
    if (member === undefined) throw new Error('no etcd endpoint is configured');
    return member;
  }

  #leave(index: number): void {
    if (this.#preferred === index) this.#preferred = (index + 1) % this.#members.length;
  }
}

/** Retries and failing over are not left to the package: its circuit breaker goes on refusing for seconds after etcd is back. */
function memberOptions(host: string, { ca, cert, key }: EtcdEndpointOptions): IOptions {
  return {
    hosts: host,
    ...(ca
      ? {
          credentials: {
            rootCertificate: ca,
            ...(key ? { privateKey: key } : {}),
            ...(cert ? { certChain: cert } : {}),
          },
        }
      : {}),
    grpcOptions: channelOptions,
    faultHandling: { host: () => noop, global: noop },
  };
}
