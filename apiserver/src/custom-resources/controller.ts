/** Brings CustomResourceDefinitions forward: names and establishment, and the end of their objects when they are deleted. */

import { type NewCondition, setCondition } from '@kubelab/api/apiextensions/conditions';
import { isUsable } from '@kubelab/api/custom/definition';
import type { CustomResourceDefinition } from '@kubelab/api/types';
import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { type Clock, type Timer, timestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { Engine } from '../registry/engine.js';
import type { ResourceStore, Storage, Update } from '../storage/store.js';
import { awaitsCleanup, deleteInstances, deletionInProgress, deletionUnconfirmed, withoutCleanup } from './cleanup.js';
import { withNames } from './naming.js';

export interface DefinitionControllerOptions {
  engine: Engine;
  storage: Storage;
  /** Of the definitions. */
  store: ResourceStore;
  clock: Clock;
  logger: Logger;
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;

const asObject = (definition: CustomResourceDefinition): UnstructuredObject =>
  definition as unknown as UnstructuredObject;
const asDefinition = (object: UnstructuredObject): CustomResourceDefinition =>
  object as unknown as CustomResourceDefinition;

/** Works on one definition at a time; what fails is tried again, later each time. */
export class DefinitionController {
  readonly #options: DefinitionControllerOptions;
  readonly #queue = new Set<string>();
  readonly #retries = new Map<string, { timer: Timer; delayMs: number }>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DefinitionControllerOptions) {
    this.#options = options;
  }

  /** A definition has changed or gone: itself and the others of its group may get other names. */
  noteChange({ metadata, spec }: CustomResourceDefinition): void {
    this.#enqueue(metadata.name);
    const group = spec?.group;
    for (const { object } of this.#options.store.peekAll()) {
      const other = asDefinition(object);
      if (other.spec?.group === group && !isAccepted(other)) this.#enqueue(other.metadata.name);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.clear();
    for (const { timer } of this.#retries.values()) timer.clear();
    await this.#running;
  }

  #enqueue(name: string): void {
    if (this.#stopped) return;
    this.#queue.add(name);
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      for (const left of this.#queue) return this.#enqueue(left);
    });
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    for (const name of this.#queue) {
      this.#queue.delete(name);
      try {
        const done = await this.#reconcile(name);
        if (done) this.#forgetRetry(name);
        else this.#retryLater(name);
      } catch (error) {
        this.#options.logger.warn('CustomResourceDefinition could not be brought forward', { name, error });
        this.#retryLater(name);
      }
    }
  }

  /** False when there is something left to wait for. */
  async #reconcile(name: string): Promise<boolean> {
    const { store, clock } = this.#options;
    const entry = await store.get(name);
    if (!entry || !isUsable(asDefinition(entry.object))) return true;
    const definition = asDefinition(entry.object);
    if (awaitsCleanup(definition)) return this.#cleanUp(definition);
    if (definition.metadata.deletionTimestamp !== undefined) return true;
    await this.#change(name, (current) => {
      const others = store
        .peekAll()
        .map(({ object }) => asDefinition(object))
        .filter((other) => other.metadata.name !== name && other.spec?.group === current.spec.group);
      return withNames(current, others, timestamp(clock));
    });
    return true;
  }

  async #cleanUp(definition: CustomResourceDefinition): Promise<boolean> {
    const { engine, storage, clock } = this.#options;
    const { name } = definition.metadata;
    await this.#setCondition(name, deletionInProgress);
    const left = await deleteInstances(engine, storage, definition);
    if (left > 0) {
      await this.#setCondition(name, deletionUnconfirmed);
      return false;
    }
    await this.#change(name, (current) =>
      awaitsCleanup(current) ? withoutCleanup(current, timestamp(clock)) : current,
    );
    return true;
  }

  #setCondition(name: string, condition: NewCondition): Promise<void> {
    return this.#change(name, (current) => {
      if (!awaitsCleanup(current)) return current;
      const next = deepClone(current);
      setCondition(next, condition, timestamp(this.#options.clock));
      return next;
    });
  }

  /** Writes what `change` makes of the definition; one that is on its way out and has no finalizer left is deleted. */
  async #change(name: string, change: (current: CustomResourceDefinition) => CustomResourceDefinition): Promise<void> {
    await this.#options.store.update(name, (current): Update => {
      if (!current) return { action: 'keep' };
      const old = asDefinition(current.object);
      const next = change(old);
      if (next === old) return { action: 'keep' };
      const { deletionTimestamp, finalizers = [] } = next.metadata;
      if (deletionTimestamp !== undefined && finalizers.length === 0) return { action: 'delete' };
      return { action: 'write', object: asObject(next) };
    });
  }

  #retryLater(name: string): void {
    if (this.#stopped) return;
    const before = this.#retries.get(name);
    before?.timer.clear();
    const delayMs = Math.min(longestRetryMs, before ? before.delayMs * 2 : firstRetryMs);
    const timer = this.#options.clock.setTimeout(() => this.#enqueue(name), delayMs);
    this.#retries.set(name, { timer, delayMs });
  }

  #forgetRetry(name: string): void {
    this.#retries.get(name)?.timer.clear();
    this.#retries.delete(name);
  }
}

const isAccepted = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'NamesAccepted' && value === 'True') ?? false;
