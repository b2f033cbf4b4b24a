/** Addresses and ports of services: taken before a service is written, given back when it has gone or let them go. */

import type { ServiceSpec } from '@kubelab/api/types';
import { type FieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { internalError } from '@kubelab/apimachinery/status-error';
import type { StorageHook, UndoHook } from '../contracts.js';
import type { AddressAllocator, AddressOwner } from './address-allocator.js';
import { AllocationError } from './allocation-error.js';
import type { PendingReleases } from './pending-releases.js';
import type { PortAllocator } from './port-allocator.js';
import {
  dropTypeDependentFields,
  heldAddresses,
  heldPorts,
  initFamilies,
  isHeadless,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  patchAllocatedValues,
} from './service-fields.js';

export const servicesResource = { group: '', resource: 'services' };
const serviceKind = { group: '', kind: 'Service' };

export interface ServiceAllocationOptions {
  addresses: AddressAllocator;
  ports: PortAllocator;
  releases: PendingReleases;
}

/** What one write has taken; undone in reverse order when the write has failed. */
class Taken {
  readonly ports = new Set<number>();
  readonly #undo: (() => Promise<void>)[] = [];

  constructor(
    readonly name: string,
    readonly owner: AddressOwner,
    readonly dryRun: boolean,
  ) {}

  onUndo(step: () => Promise<void>): void {
    if (!this.dryRun) this.#undo.push(step);
  }

  async undo(): Promise<void> {
    for (let step = this.#undo.pop(); step; step = this.#undo.pop()) await step();
  }

  invalid(errors: FieldError[]): Error {
    return invalidObject(serviceKind, this.name, errors);
  }
}

export function createServiceHook(options: ServiceAllocationOptions): StorageHook {
  return {
    resource: servicesResource,
    beforeCreate: (object, { dryRun }) => allocate(options, object, undefined, dryRun),
    beforeUpdate: (object, old, { dryRun }) => allocate(options, object, old, dryRun),
    async afterDelete(object) {
      const spec = specOf(object);
      const owner = ownerOfService(object);
      for (const address of heldAddresses(spec)) await options.addresses.release(address, owner);
      await options.ports.release(heldPorts(spec));
    },
  };
}

function specOf(object: UnstructuredObject): ServiceSpec {
  return (object['spec'] ?? {}) as ServiceSpec;
}

export function ownerOfService(object: UnstructuredObject): AddressOwner {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

async function allocate(
  options: ServiceAllocationOptions,
  object: UnstructuredObject,
  old: UnstructuredObject | undefined,
  dryRun: boolean,
): Promise<UndoHook> {
  const spec = specOf(object);
  const before = old && specOf(old);
  if (before) {
    patchAllocatedValues(spec, before);
    dropTypeDependentFields(spec, before);
  }
  const taken = new Taken(object.metadata.name, ownerOfService(object), dryRun);
  const errors = initFamilies(spec);
  if (errors.length > 0) throw taken.invalid(errors);
  try {
    await takeAddress(options.addresses, spec, before, taken);
    await takePorts(options.ports, spec, before, taken);
    await takeHealthCheckPort(options.ports, spec, before, taken);
  } catch (error) {
    await taken.undo();
    throw error;
  }
  const callOff = old && !dryRun ? announceRelease(options, object, old) : undefined;
  return async ({ unsure }) => {
    await callOff?.();
    // The service may have been written with what was taken for it. If not, the repair finds that nobody has it.
    if (!unsure) await taken.undo();
  };
}

/** What the update lets go is given back once the update is seen to have been written. Returns how to call that off. */
function announceRelease(
  options: ServiceAllocationOptions,
  object: UnstructuredObject,
  old: UnstructuredObject,
): () => Promise<void> {
  const [kept, held] = [specOf(object), specOf(old)];
  const addresses = heldAddresses(held).filter((address) => !heldAddresses(kept).includes(address));
  const ports = heldPorts(held).filter((port) => !heldPorts(kept).includes(port));
  return options.releases.announce(ownerOfService(object), { addresses, ports });
}

async function takeAddress(
  allocator: AddressAllocator,
  spec: ServiceSpec,
  before: ServiceSpec | undefined,
  taken: Taken,
): Promise<void> {
  if (!needsClusterIp(spec) || isHeadless(spec)) return;
  const held = heldAddresses(before);
  const [wanted] = heldAddresses(spec);
  if (wanted !== undefined && held.includes(wanted)) return;
  let address = wanted ?? '';
  try {
    if (wanted === undefined) address = await allocator.allocateNext(taken.owner, taken);
    else await allocator.allocate(wanted, taken.owner, taken);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    if (wanted === undefined) throw internalError(new Error(`failed to allocate a serviceIP: ${error.message}`));
    const detail = `failed to allocate IP ${wanted}: ${error.message}`;
    throw taken.invalid([invalid('spec.clusterIPs', spec.clusterIPs, detail)]);
  }
  taken.onUndo(() => allocator.release(address, taken.owner));
  spec.clusterIP = address;
  spec.clusterIPs = [address];
}

async function takePorts(
  allocator: PortAllocator,
  spec: ServiceSpec,
  before: ServiceSpec | undefined,
  taken: Taken,
): Promise<void> {
  const held = new Set(heldPorts(before));
  const explicit = heldPorts({ ...spec, externalTrafficPolicy: 'Cluster' });
  for (const port of explicit) {
    if (!held.has(port)) await takePort(allocator, port, spec, taken);
    taken.ports.add(port);
  }
  if (!needsNodePorts(spec)) return;
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    // The same number for TCP and UDP of one port, as with upstream: DNS is the usual reason.
    const twin = (spec.ports ?? []).find(
      (other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort,
    );
    port.nodePort = twin?.nodePort ?? (await takeFreePort(allocator, taken));
  }
}

async function takePort(allocator: PortAllocator, port: number, spec: ServiceSpec, taken: Taken): Promise<void> {
  try {
    await allocator.allocate(port, taken);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    const index = (spec.ports ?? []).findIndex((candidate) => candidate.nodePort === port);
    throw taken.invalid([invalid(`spec.ports[${index}].nodePort`, port, error.message)]);
  }
  taken.onUndo(() => allocator.release([port]));
}

async function takeFreePort(allocator: PortAllocator, taken: Taken, what = 'a nodePort'): Promise<number> {
  try {
    const port = await allocator.allocateNext({ dryRun: taken.dryRun, avoid: taken.ports });
    taken.onUndo(() => allocator.release([port]));
    taken.ports.add(port);
    return port;
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw internalError(new Error(`failed to allocate ${what}: ${error.message}`));
  }
}

async function takeHealthCheckPort(
  allocator: PortAllocator,
  spec: ServiceSpec,
  before: ServiceSpec | undefined,
  taken: Taken,
): Promise<void> {
  if (!needsHealthCheckPort(spec)) return;
  const wanted = spec.healthCheckNodePort ?? 0;
  if (wanted !== 0 && heldPorts(before).includes(wanted)) return;
  if (wanted === 0) {
    spec.healthCheckNodePort = await takeFreePort(allocator, taken, 'a HealthCheck NodePort 0');
    return;
  }
  try {
    await allocator.allocate(wanted, taken);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${wanted}: ${error.message}`));
  }
  taken.onUndo(() => allocator.release([wanted]));
}
