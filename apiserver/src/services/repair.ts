/** Makes the allocations agree with the services: after a crash between the two writes, or a restored backup. */

import type { ServiceSpec } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { ObjectAccess } from '../contracts.js';
import type { Entry, ResourceStore } from '../storage/store.js';
import { type AddressAllocator, type AddressOwner, ownerOf } from './address-allocator.js';
import { AllocationError } from './allocation-error.js';
import type { PortAllocator } from './port-allocator.js';
import { heldAddresses, heldPorts } from './service-fields.js';

/** An address is taken before its service is written: what is younger may be in the middle of that. */
const graceMs = 60_000;
/** A port must be found unused this many times in a row before it is freed, as upstream. */
const roundsBeforeFreeing = 3;
const periodMs = 180_000;

export interface RepairOptions {
  objects: ObjectAccess;
  addresses: AddressAllocator;
  addressStore: ResourceStore;
  ports: PortAllocator;
  clock: Clock;
  logger: Logger;
}

export class AllocationRepair {
  readonly #suspectPorts = new Map<number, number>();

  constructor(private readonly options: RepairOptions) {}

  /** One round. Throws what storage throws. */
  async run(): Promise<void> {
    const services = this.options.objects.peekAll({ group: '', resource: 'services' });
    await this.#repairAddresses(services);
    await this.#repairPorts(services);
  }

  /** Rounds every three minutes until the signal; trouble is logged and tried again next time. */
  async runUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.options.clock.sleep(periodMs, signal);
        await this.run();
      } catch (error) {
        if (!signal.aborted) this.options.logger.warn('repair of service addresses and ports failed', { error });
      }
    }
  }

  async #repairAddresses(services: readonly UnstructuredObject[]): Promise<void> {
    const owners = new Map<string, AddressOwner>();
    for (const service of services) {
      const owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name };
      for (const address of heldAddresses(service['spec'] as ServiceSpec | undefined)) owners.set(address, owner);
    }
    for (const [address, owner] of owners) await this.#ensureAllocated(address, owner);
    const { entries } = await this.options.addressStore.list();
    for (const entry of entries) {
      if (owners.has(entry.key) || this.#isYoung(entry)) continue;
      await this.#freeIfUnused(entry);
    }
  }

  async #ensureAllocated(address: string, owner: AddressOwner): Promise<void> {
    if (!this.options.addresses.contains(address)) {
      this.options.logger.warn('cluster IP of a service is outside the service network', { address, ...owner });
      return;
    }
    try {
      await this.options.addresses.ensure(address, owner);
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      this.options.logger.error('cluster IP is used by two services; please recreate one of them', {
        address,
        ...owner,
      });
    }
  }

  #isYoung(entry: Entry): boolean {
    return this.options.clock.now() - Date.parse(entry.object.metadata.creationTimestamp) < graceMs;
  }

  async #freeIfUnused(entry: Entry): Promise<void> {
    const owner = ownerOf(entry);
    if (!owner) return;
    const service = await this.options.objects.get({ group: '', resource: 'services' }, owner.namespace, owner.name);
    if (heldAddresses(service?.['spec'] as ServiceSpec | undefined).includes(entry.key)) return;
    this.options.logger.warn('freeing a cluster IP that no service has', { address: entry.key, ...owner });
    await this.options.addresses.releaseUnchanged(entry);
  }

  async #repairPorts(services: readonly UnstructuredObject[]): Promise<void> {
    const wanted = new Set(services.flatMap((service) => heldPorts(service['spec'] as ServiceSpec | undefined)));
    const allocated = new Set(await this.options.ports.allocated());
    const missing = [...wanted].filter((port) => !allocated.has(port));
    const leaked = [...allocated].filter((port) => !wanted.has(port));
    for (const port of [...this.#suspectPorts.keys()]) if (!leaked.includes(port)) this.#suspectPorts.delete(port);
    for (const port of leaked) this.#suspectPorts.set(port, (this.#suspectPorts.get(port) ?? 0) + 1);
    const free = leaked.filter((port) => (this.#suspectPorts.get(port) ?? 0) >= roundsBeforeFreeing);
    if (missing.length > 0 || free.length > 0) await this.options.ports.correct({ used: missing, free });
    for (const port of free) this.#suspectPorts.delete(port);
  }
}
