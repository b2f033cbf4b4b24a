/** Charges of this server whose objects the cache may not show yet. */

import type { Clock } from '@kubelab/component/clock';
import type { ResourceAmounts } from '../pod-resources.js';

/** A write that takes longer has failed. */
const keepMs = 10_000;

export interface Charge {
  /** Namespace and name of the quota. */
  quota: string;
  resource: string;
  objectName: string;
  amounts: ResourceAmounts;
  at: number;
}

export class RecentCharges {
  #charges: Charge[] = [];

  constructor(private readonly clock: Clock) {}

  add(charge: Omit<Charge, 'at'>): void {
    const now = this.clock.now();
    this.#charges = this.#charges.filter((known) => now - known.at < keepMs);
    this.#charges.push({ ...charge, at: now });
  }

  /** Those for objects that `isVisible` does not know. */
  pending(quota: string, resource: string, isVisible: (objectName: string) => boolean): ResourceAmounts[] {
    const now = this.clock.now();
    return this.#charges
      .filter((charge) => charge.quota === quota && charge.resource === resource && now - charge.at < keepMs)
      .filter((charge) => !isVisible(charge.objectName))
      .map((charge) => charge.amounts);
  }
}
