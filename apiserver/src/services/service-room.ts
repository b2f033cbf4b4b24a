/** Everything that wire.ts needs to give services their addresses and ports. */

import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { AdmissionPlugin, ObjectAccess, StorageHook } from '../contracts.js';
import type { Storage } from '../storage/store.js';
import { AddressAllocator, type AddressOwner } from './address-allocator.js';
import { PendingReleases } from './pending-releases.js';
import { PortAllocator, parsePortRange } from './port-allocator.js';
import { AllocationRepair } from './repair.js';
import { createServiceHook } from './service-allocations.js';
import { dropTypeDependentFields, patchAllocatedValues, type ServiceLike } from './service-fields.js';

export interface ServiceAllocationsOptions {
  objects: ObjectAccess;
  storage: Pick<Storage, 'resource'>;
  /** --service-cluster-ip-range: 10.96.0.0/12. */
  serviceNetwork: string;
  /** --service-node-port-range: 30000-32767. */
  nodePortRange: string;
  clock: Clock;
  logger: Logger;
}

export interface ServiceAllocations {
  hook: StorageHook;
  /** Has to be among the first admission plugins: keeps allocated values that an update leaves out, before it is validated. */
  admission: AdmissionPlugin;
  /** Once at start, before services are created. */
  repair(): Promise<void>;
  /** Takes an address for a service that is about to be created without the hook. */
  reserve(address: string, owner: AddressOwner): Promise<void>;
  /** Repairs every three minutes until the signal. */
  run(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Throws when a range cannot be understood. */
export function createServiceAllocations(options: ServiceAllocationsOptions): ServiceAllocations {
  const { objects, clock, logger } = options;
  const addressStore = options.storage.resource({
    storagePath: 'ipaddresses',
    group: 'networking.k8s.io',
    plural: 'ipaddresses',
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
  });
  const rangeStore = options.storage.resource({
    storagePath: 'ranges',
    group: '',
    plural: 'rangeallocations',
    kind: 'RangeAllocation',
    apiVersion: 'v1',
  });
  const addresses = new AddressAllocator({ range: options.serviceNetwork, store: addressStore, clock });
  const ports = new PortAllocator({ range: parsePortRange(options.nodePortRange), store: rangeStore });
  const releases = new PendingReleases({ objects, addresses, ports, logger });
  const repair = new AllocationRepair({ objects, addresses, addressStore, ports, clock, logger });
  const stop = releases.start();
  return {
    hook: createServiceHook({ addresses, ports, releases }),
    admission: keepAllocatedValues,
    repair: () => repair.run(),
    reserve: (address, owner) => addresses.ensure(address, owner),
    run: (signal) => repair.runUntil(signal),
    stop: async () => {
      stop();
      await releases.settled();
    },
  };
}

const keepAllocatedValues: AdmissionPlugin = {
  name: 'ServiceAllocatedValues',
  admit({ definition, operation, subresource, object, oldObject }) {
    if (definition.group !== '' || definition.plural !== 'services' || subresource !== '') return;
    if (operation !== 'UPDATE' || !object || !oldObject) return;
    const [after, before] = [object as unknown as ServiceLike, oldObject as unknown as ServiceLike];
    if (!after.spec || !before.spec) return;
    patchAllocatedValues(after.spec, before.spec);
    dropTypeDependentFields(after.spec, before.spec);
  },
};
