/** Charges of this server whose objects the cache does not show yet. */

import type { ResourceAmounts } from '@kubelab/api/pod/resource-amounts';
import { formatGroupResource, type GroupResource } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import type { ObjectAccess } from '../../contracts.js';

/** A write that takes longer has failed. */
const keepMs = 10_000;

export interface Charge {
  namespace: string;
  /** Name of the quota. */
  quota: string;
  resource: GroupResource;
  objectName: string;
  amounts: ResourceAmounts;
}

export interface RecentChargesOptions {
  objects: ObjectAccess;
  clock: Clock;
}

export class RecentCharges {
  readonly #charges = new Map<Charge, number>();
  readonly #followed = new Set<string>();

  constructor(private readonly options: RecentChargesOptions) {}

  /** Counts from now on, until its object is seen, it is removed, or its write cannot be under way any more. */
  add(charge: Charge): void {
    this.#follow(charge.resource);
    const now = this.options.clock.now();
    for (const [known, at] of this.#charges) if (now - at >= keepMs) this.#charges.delete(known);
    this.#charges.set(charge, now);
  }

  remove(charge: Charge): void {
    this.#charges.delete(charge);
  }

  /** Of one quota, for objects of one resource. */
  pending(namespace: string, quota: string, resource: GroupResource): ResourceAmounts[] {
    const now = this.options.clock.now();
    return [...this.#charges]
      .filter(([charge, at]) => now - at < keepMs && charge.namespace === namespace && charge.quota === quota)
      .filter(([charge]) => isSame(charge.resource, resource))
      .map(([charge]) => charge.amounts);
  }

  /** From then on the object itself is counted. */
  #follow(resource: GroupResource): void {
    const key = formatGroupResource(resource);
    if (this.#followed.has(key)) return;
    this.#followed.add(key);
    this.options.objects.onChange(resource, (_type, { metadata }) => {
      for (const charge of this.#charges.keys()) {
        const isOf = charge.objectName === metadata.name && charge.namespace === metadata.namespace;
        if (isOf && isSame(charge.resource, resource)) this.#charges.delete(charge);
      }
    });
  }
}

function isSame(left: GroupResource, right: GroupResource): boolean {
  return left.group === right.group && left.resource === right.resource;
}
