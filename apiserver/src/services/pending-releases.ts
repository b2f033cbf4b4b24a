/** Addresses and ports that updates of services let go: given back only when the update has really been written. */

import type { ServiceSpec } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Logger } from '@kubelab/component/logger';
import type { ObjectAccess } from '../contracts.js';
import type { AddressAllocator, AddressOwner } from './address-allocator.js';
import type { PortAllocator } from './port-allocator.js';
import { heldAddresses, heldPorts } from './service-fields.js';

export interface Held {
  addresses: readonly string[];
  ports: readonly number[];
}

export interface PendingReleasesOptions {
  objects: ObjectAccess;
  addresses: AddressAllocator;
  ports: PortAllocator;
  logger: Logger;
}

const keyOf = (owner: AddressOwner): string => `${owner.namespace}/${owner.name}`;

/**
 * Only the server that handled the write gives back: the bitmap of ports does not say whose a port is, and a second release by a server
 * that is behind could free what has been given to somebody else. What is lost in a crash is found by the repair.
 */
export class PendingReleases {
  readonly #pending = new Map<string, Held[]>();
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly options: PendingReleasesOptions) {}

  /** Returns the function that ends it. */
  start(): () => void {
    return this.options.objects.onChange({ group: '', resource: 'services' }, (type, object) => {
      if (type !== 'DELETED') this.#onWrite(object);
    });
  }

  /** Returns how to call it off, for a write that failed. */
  announce(owner: AddressOwner, held: Held): () => Promise<void> {
    if (held.addresses.length === 0 && held.ports.length === 0) return async () => undefined;
    const key = keyOf(owner);
    this.#pending.set(key, [...(this.#pending.get(key) ?? []), held]);
    return async () => this.#drop(key, held);
  }

  /** For tests and a graceful end: everything that has begun is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #drop(key: string, held: Held): void {
    const left = (this.#pending.get(key) ?? []).filter((other) => other !== held);
    if (left.length > 0) this.#pending.set(key, left);
    else this.#pending.delete(key);
  }

  #onWrite(object: UnstructuredObject): void {
    const owner = { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    const key = keyOf(owner);
    const spec = object['spec'] as ServiceSpec | undefined;
    const [addresses, ports] = [heldAddresses(spec), heldPorts(spec)];
    for (const held of this.#pending.get(key) ?? []) {
      const still =
        held.addresses.some((address) => addresses.includes(address)) ||
        held.ports.some((port) => ports.includes(port));
      if (still) continue;
      this.#drop(key, held);
      const running = this.#release(owner, held).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #release(owner: AddressOwner, held: Held): Promise<void> {
    try {
      for (const address of held.addresses) await this.options.addresses.release(address, owner);
      await this.options.ports.release(held.ports);
    } catch (error) {
      this.options.logger.warn('could not give back what a service let go; the repair will', {
        service: keyOf(owner),
        error,
      });
    }
  }
}
