/** Node ports. The used ones are a bitmap in one object (`/registry/ranges/servicenodeports`), changed by compare-and-swap. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { ResourceStore } from '../storage/store.js';
import { AllocationError, portTaken, rangeFull } from './allocation-error.js';
import { offsetsToTry, reservedBand } from './bands.js';
import { Bitmap } from './bitmap.js';

const key = 'servicenodeports';
const bandLimits = { min: 16, max: 128, step: 32 };

export interface PortRange {
  first: number;
  last: number;
}

/** `30000-32767`, as --service-node-port-range takes it. Throws for anything else. */
export function parsePortRange(text: string): PortRange {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (!first || !last || range.first < 1 || range.last > 65535 || range.first > range.last) {
    throw new Error(`--service-node-port-range: ${JSON.stringify(text)} must be two ports with a dash between them`);
  }
  return range;
}

export interface PortAllocatorOptions {
  range: PortRange;
  /** The store with the storage path `ranges`. */
  store: ResourceStore;
  /** 0 <= x < 1. */
  random?: () => number;
}

export class PortAllocator {
  readonly #size: number;
  readonly #random: () => number;
  /** The last change of this server: changes of one server wait for each other instead of spoiling each other's compare-and-swap. */
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly options: PortAllocatorOptions) {
    this.#size = options.range.last - options.range.first + 1;
    this.#random = options.random ?? Math.random;
  }

  get rangeText(): string {
    return `${this.options.range.first}-${this.options.range.last}`;
  }

  /** Takes exactly this port. Throws AllocationError. */
  async allocate(port: number, options: { dryRun: boolean }): Promise<void> {
    const offset = this.#offsetOf(port);
    if (offset === undefined) {
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${this.rangeText}`,
      );
    }
    await this.#change(options, (used) => {
      if (used.has(offset)) throw portTaken();
      used.add(offset);
    });
  }

  /** Takes a free port. Throws AllocationError when there is none. `avoid`: ports that a dry run has only pretended to take. */
  async allocateNext(options: { dryRun: boolean; avoid?: ReadonlySet<number> }): Promise<number> {
    let port = 0;
    await this.#change(options, (used) => {
      const offset = this.#firstFree(used, options.avoid);
      if (offset === undefined) throw rangeFull();
      used.add(offset);
      port = this.options.range.first + offset;
    });
    return port;
  }

  async release(ports: readonly number[]): Promise<void> {
    const offsets = ports.flatMap((port) => this.#offsetOf(port) ?? []);
    if (offsets.length === 0) return;
    await this.#change({ dryRun: false }, (used) => {
      for (const offset of offsets) used.delete(offset);
    });
  }

  /** Marks ports as used and others as free, whatever they were. */
  async correct(change: { used: readonly number[]; free: readonly number[] }): Promise<void> {
    await this.#change({ dryRun: false }, (used) => {
      for (const port of change.free) used.delete(port - this.options.range.first);
      for (const port of change.used) {
        const offset = this.#offsetOf(port);
        if (offset !== undefined) used.add(offset);
      }
    });
  }

  async allocated(): Promise<number[]> {
    const entry = await this.options.store.get(key);
    const used = Bitmap.decode(dataOf(entry?.object), this.#size);
    return [...used.offsets()].map((offset) => this.options.range.first + offset).sort((a, b) => a - b);
  }

  #offsetOf(port: number): number | undefined {
    const offset = port - this.options.range.first;
    return offset >= 0 && offset < this.#size ? offset : undefined;
  }

  #firstFree(used: Bitmap, avoid: ReadonlySet<number> | undefined): number | undefined {
    for (const offset of offsetsToTry(this.#size, reservedBand(this.#size, bandLimits), this.#random)) {
      if (!used.has(offset) && !avoid?.has(this.options.range.first + offset)) return offset;
    }
    return undefined;
  }

  async #change({ dryRun }: { dryRun: boolean }, change: (used: Bitmap) => void): Promise<void> {
    if (dryRun) {
      const entry = await this.options.store.get(key);
      change(Bitmap.decode(dataOf(entry?.object), this.#size));
      return;
    }
    const turn = this.#last.then(() => this.#write(change));
    // Whoever comes next waits for the end of this one, whether it succeeded or not.
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #write(change: (used: Bitmap) => void): Promise<void> {
    await this.options.store.update(
      key,
      (current) => {
        const used = Bitmap.decode(dataOf(current?.object), this.#size);
        change(used);
        return { action: 'write', object: rangeAllocation(this.rangeText, used.encode(), current?.object) };
      },
      { create: true },
    );
  }
}

function dataOf(object: UnstructuredObject | undefined): string {
  return typeof object?.['data'] === 'string' ? object['data'] : '';
}

function rangeAllocation(range: string, data: string, current: UnstructuredObject | undefined): UnstructuredObject {
  return {
    kind: 'RangeAllocation',
    apiVersion: 'v1',
    metadata: current?.metadata ?? { name: key, uid: '', resourceVersion: '', creationTimestamp: '' },
    range,
    data,
  };
}
