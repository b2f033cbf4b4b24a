/** Reads etcd's current revision once for all requests that wait for it. */

import type { EtcdClient } from './etcd-client.js';

/**
 * A request may only use an answer that etcd was asked for after the request had begun. So at most one question is under way, and all that
 * come meanwhile share the next one.
 */
export class RevisionReader {
  readonly #client: Pick<EtcdClient, 'currentRevision'>;
  #underWay = false;
  #next: Promise<number> | undefined;
  #startNext: (() => void) | undefined;

  constructor(client: Pick<EtcdClient, 'currentRevision'>) {
    this.#client = client;
  }

  /** A revision that includes every write acknowledged before the call. */
  read(): Promise<number> {
    if (!this.#underWay) return this.#ask();
    this.#next ??= new Promise((resolve) => {
      this.#startNext = () => resolve(this.#ask());
    });
    return this.#next;
  }

  async #ask(): Promise<number> {
    this.#underWay = true;
    try {
      return (await this.#client.currentRevision()).revision;
    } finally {
      this.#underWay = false;
      const start = this.#startNext;
      this.#startNext = undefined;
      this.#next = undefined;
      start?.();
    }
  }
}
