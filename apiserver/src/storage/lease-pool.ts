/** etcd leases for objects with a time to live; many objects share one, as upstream. */

import type { Clock } from '@kubelab/component/clock';
import type { EtcdClient } from './etcd-client.js';

interface Lease {
  id: Promise<string>;
  /** Milliseconds since the epoch. */
  expires: number;
  objects: number;
}

/** A lease lives this share of the time to live longer, and takes objects meanwhile. */
const reuseShare = 0.05;
const longestReuseSeconds = 60;
/** A lease with more objects would make etcd delete too many at once. */
const maxObjects = 1_000;

export class LeasePool {
  readonly #client: Pick<EtcdClient, 'grantLease'>;
  readonly #clock: Clock;
  readonly #leases = new Map<number, Lease>();

  constructor(client: Pick<EtcdClient, 'grantLease'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The id of a lease that lasts at least `ttlSeconds` from now, and not much longer. */
  get(ttlSeconds: number): Promise<string> {
    const known = this.#leases.get(ttlSeconds);
    const neededUntil = this.#clock.now() + ttlSeconds * 1_000;
    if (known && neededUntil < known.expires && known.objects < maxObjects) {
      known.objects++;
      return known.id;
    }
    return this.#grant(ttlSeconds, neededUntil);
  }

  /** Forgets all leases: etcd may not know them any more. */
  clear(): void {
    this.#leases.clear();
  }

  #grant(ttlSeconds: number, neededUntil: number): Promise<string> {
    const extra = Math.min(Math.floor(ttlSeconds * reuseShare), longestReuseSeconds);
    const lease: Lease = {
      id: this.#client.grantLease(ttlSeconds + extra),
      expires: neededUntil + extra * 1_000,
      objects: 1,
    };
    this.#leases.set(ttlSeconds, lease);
    lease.id.catch(() => {
      if (this.#leases.get(ttlSeconds) === lease) this.#leases.delete(ttlSeconds);
    });
    return lease.id;
  }
}
