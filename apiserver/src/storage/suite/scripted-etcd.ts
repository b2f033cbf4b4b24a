/** An {@link EtcdClient} whose watch says what a test tells it to. */

import type { EtcdClient, KeyEvent, WatchMessage, WatchRequest } from '../etcd-client.js';

export function message(partial: Partial<WatchMessage>): WatchMessage {
  return {
    created: false,
    canceled: false,
    cancelReason: '',
    compactRevision: 0,
    fragment: false,
    revision: 0,
    events: [],
    ...partial,
  };
}

export function putEvent(key: string, revision: number, value = '{}'): KeyEvent {
  return { type: 'put', key, revision, value: Buffer.from(value) };
}

export class ScriptedEtcd implements Pick<EtcdClient, 'currentRevision' | 'watch'> {
  revision = 10;
  clusterId = 'one';
  /** Every watch that was opened. */
  readonly watches: WatchRequest[] = [];

  async currentRevision(): Promise<{ revision: number; clusterId: string }> {
    return { revision: this.revision, clusterId: this.clusterId };
  }

  async watch(request: WatchRequest): Promise<{ cancel(): void }> {
    this.watches.push(request);
    return { cancel: () => undefined };
  }

  get current(): WatchRequest {
    const watch = this.watches[this.watches.length - 1];
    if (watch === undefined) throw new Error('nobody watches');
    return watch;
  }

  send(...messages: Partial<WatchMessage>[]): void {
    for (const partial of messages) {
      this.revision = Math.max(this.revision, ...(partial.events ?? []).map(({ revision }) => revision));
      this.current.onMessage(message(partial));
    }
  }

  /** As {@link EtcdClient}, for code that uses only these parts. */
  get client(): EtcdClient {
    return this as unknown as EtcdClient;
  }
}
