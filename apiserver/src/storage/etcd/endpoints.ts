/** The members of an etcd cluster: one is used until it fails, then the next. */

import { isTimeout, isTransient } from '../etcd-errors.js';
import { EtcdChannel } from './channel.js';

export interface EtcdEndpointOptions {
  /** `http://host:port` or `https://host:port`. */
  endpoints: string[];
  /** PEM. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

export class EtcdEndpoints {
  readonly #members: EtcdChannel[];
  #preferred = 0;

  /** Connects to nobody yet: the first request does. */
  constructor({ endpoints, ...security }: EtcdEndpointOptions) {
    this.#members = endpoints.map((endpoint) => new EtcdChannel({ endpoint, ...security }));
  }

  /** Asks the member that worked last; a failure that is the member's own makes the next request go elsewhere. */
  async call(path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
    const index = this.#preferred;
    try {
      return await this.#member(index).call(path, request, timeoutMs);
    } catch (error) {
      if (isTransient(error) || isTimeout(error)) this.#leave(index);
      throw error;
    }
  }

  /** The member in use, and what to call when a stream on it broke. */
  current(): { member: EtcdChannel; failed(): void } {
    const index = this.#preferred;
    return { member: this.#member(index), failed: () => this.#leave(index) };
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  #member(index: number): EtcdChannel {
    const member = this.#members[index];
    if (member === undefined) throw new Error('no etcd endpoint is configured');
    return member;
  }

  #leave(index: number): void {
    if (this.#preferred === index) this.#preferred = (index + 1) % this.#members.length;
  }
}
