/** Cluster IPs. Each one given out is an IPAddress object under its own key, so that etcd itself refuses to give it twice. */

import { randomUUID } from 'node:crypto';
import { formatIP, type ParsedCIDR, parseCIDR, parseIP } from '@kubelab/apimachinery/ip';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { Entry, ResourceStore } from '../storage/store.js';
import { AllocationError, addressOutOfRange, addressTaken, rangeFull } from './allocation-error.js';
import { offsetsToTry, reservedBand } from './bands.js';

const bandLimits = { min: 16, max: 256, step: 16 };
const managedBy = 'ipallocator.k8s.io';

/** The service that an address belongs to. */
export interface AddressOwner {
  namespace: string;
  name: string;
}

export interface AddressAllocatorOptions {
  /** --service-cluster-ip-range; IPv4. */
  range: string;
  /** The store with the storage path `ipaddresses`. */
  store: ResourceStore;
  clock: Clock;
  /** 0 <= x < 1. */
  random?: () => number;
}

export class AddressAllocator {
  readonly range: string;
  readonly #cidr: ParsedCIDR;
  /** Usable addresses: without that of the network and the broadcast address. */
  readonly #size: number;
  readonly #random: () => number;

  /** Throws when the range is not a usable IPv4 CIDR. */
  constructor(private readonly options: AddressAllocatorOptions) {
    const cidr = parseCIDR(options.range);
    if (cidr?.family !== 'IPv4' || cidr.prefixLength > 30) {
      throw new Error(
        `--service-cluster-ip-range: ${JSON.stringify(options.range)} must be an IPv4 CIDR of at least 4 addresses`,
      );
    }
    this.range = options.range;
    this.#cidr = cidr;
    this.#size = 2 ** (32 - cidr.prefixLength) - 2;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Takes exactly this address. Throws AllocationError when it is taken, be it by a service of this very name: that one may be there, or be giving it
   * back at this moment.
   */
  async allocate(address: string, owner: AddressOwner, { dryRun }: { dryRun: boolean }): Promise<void> {
    const { store, clock } = this.options;
    const key = this.#checkRange(address, { dryRun });
    if (dryRun) {
      if (await store.get(key)) throw addressTaken();
      return;
    }
    try {
      await store.create(key, addressObject(key, owner, timestamp(clock)));
    } catch (error) {
      throw isAlreadyExists(error) ? addressTaken() : error;
    }
  }

  /** Takes this address unless the service has it already. Throws AllocationError when it is another's. */
  async ensure(address: string, owner: AddressOwner): Promise<void> {
    const current = await this.options.store.get(this.#checkRange(address, { dryRun: false }));
    if (!current) await this.allocate(address, owner, { dryRun: false });
    else if (!isOwnedBy(current, owner)) throw addressTaken();
  }

  /** Takes a free address. Throws AllocationError when there is none. */
  async allocateNext(owner: AddressOwner, { dryRun }: { dryRun: boolean }): Promise<string> {
    const { store, clock } = this.options;
    for (const offset of offsetsToTry(this.#size, reservedBand(this.#size + 2, bandLimits), this.#random)) {
      const address = this.#addressAt(offset);
      if (store.peek(address)) continue;
      if (dryRun) return address;
      try {
        await store.create(address, addressObject(address, owner, timestamp(clock)));
        return address;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    throw rangeFull();
  }

  /** Gives the address back, if it (still) belongs to this service. */
  async release(address: string, owner: AddressOwner): Promise<void> {
    await this.#releaseIf(address, (current) => isOwnedBy(current, owner));
  }

  /** Gives the address back unless it was taken again since it was seen like this. */
  async releaseUnchanged(seen: Entry): Promise<void> {
    await this.#releaseIf(seen.key, ({ revision }) => revision === seen.revision);
  }

  async #releaseIf(address: string, isMeant: (current: Entry) => boolean): Promise<void> {
    const ip = parseIP(address);
    if (!ip) return;
    await this.options.store.update(formatIP(ip), (current) => ({
      action: current && isMeant(current) ? 'delete' : 'keep',
    }));
  }

  contains(address: string): boolean {
    return this.#offsetOf(address) !== undefined;
  }

  #addressAt(offset: number): string {
    return formatIP({ family: 'IPv4', bits: this.#cidr.network.bits + 1n + BigInt(offset) });
  }

  #offsetOf(address: string): number | undefined {
    const ip = parseIP(address);
    if (ip?.family !== 'IPv4') return undefined;
    const offset = Number(ip.bits - this.#cidr.network.bits) - 1;
    return offset >= 0 && offset < this.#size ? offset : undefined;
  }

  #checkRange(address: string, { dryRun }: { dryRun: boolean }): string {
    const offset = this.#offsetOf(address);
    if (offset === undefined) {
      // Only a dry run goes to one range, and tells which.
      throw dryRun
        ? new AllocationError(
            `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.range}`,
          )
        : addressOutOfRange();
    }
    return this.#addressAt(offset);
  }
}

interface ParentReference {
  resource?: string;
  namespace?: string;
  name?: string;
}

/** The service that an IPAddress names as its parent. */
export function ownerOf(entry: Entry): AddressOwner | undefined {
  const { parentRef } = (entry.object['spec'] ?? {}) as { parentRef?: ParentReference };
  if (parentRef?.resource !== 'services' || !parentRef.name) return undefined;
  return { namespace: parentRef.namespace ?? '', name: parentRef.name };
}

function isOwnedBy(entry: Entry, owner: AddressOwner): boolean {
  const own = ownerOf(entry);
  return own?.name === owner.name && own.namespace === owner.namespace;
}

function addressObject(address: string, owner: AddressOwner, creationTimestamp: string): UnstructuredObject {
  return {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: address,
      uid: randomUUID(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp,
      labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': managedBy },
    },
    spec: { parentRef: { resource: 'services', ...owner } },
  };
}
