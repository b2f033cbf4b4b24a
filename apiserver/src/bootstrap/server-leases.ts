/** Which API servers are alive: each keeps a key that vanishes soon after it stops renewing it. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { ResourceStore } from '../storage/store.js';

/** Upstream's --endpoint-reconciler-type=lease: 15 s, renewed every 10 s. */
export const leaseTtlSeconds = 15;

export interface ServerLeases {
  /** Keeps this server in the list for the next fifteen seconds. */
  renew(address: string): Promise<void>;
  /** Addresses of all live servers, sorted. */
  list(): Promise<string[]>;
  remove(address: string): Promise<void>;
}

/** `store` is the one with the storage path `masterleases`. */
export function createServerLeases(store: ResourceStore, clock: Clock): ServerLeases {
  return {
    async renew(address) {
      await store.update(
        address,
        (current) => ({ action: 'write', object: leaseObject(address, current?.object, timestamp(clock)) }),
        { create: true, ttlSeconds: leaseTtlSeconds },
      );
    },
    async list() {
      const { entries } = await store.list();
      return entries.map((entry) => entry.key).sort();
    },
    async remove(address) {
      await store.update(address, (current) => ({ action: current ? 'delete' : 'keep' }));
    },
  };
}

function leaseObject(
  address: string,
  current: UnstructuredObject | undefined,
  creationTimestamp: string,
): UnstructuredObject {
  return {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: {
      name: address,
      uid: '',
      resourceVersion: '',
      creationTimestamp: current?.metadata.creationTimestamp ?? creationTimestamp,
      // A write of equal bytes would be left out, and the key would not live on.
      generation: (current?.metadata.generation ?? 0) + 1,
    },
    subsets: [{ addresses: [{ ip: address }] }],
  };
}

/** For a server that is alone. */
export function createSoleLease(): ServerLeases {
  let own: string[] = [];
  return {
    renew: async (address) => {
      own = [address];
    },
    list: async () => own,
    remove: async () => {
      own = [];
    },
  };
}
