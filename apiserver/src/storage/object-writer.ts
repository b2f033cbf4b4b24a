/** Writes of one resource: every one compares the revision it is based on. */

import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { alreadyExists, notFound, StatusError, timeout } from '@kubelab/apimachinery/status-error';
import { encodeObject, StoredEntry } from './encoding.js';
import type { KeyValue, WriteResult } from './etcd-client.js';
import { nameOfKey, type ResourceContext } from './resource-context.js';
import type { Entry, Update } from './store.js';

export interface WriteOptions {
  ttlSeconds?: number;
}

export interface UpdateOptions extends WriteOptions {
  create?: boolean;
}

type Updater = (current: Entry | undefined) => Promise<Update> | Update;

/** What an attempt has to start from. */
interface Basis {
  entry: StoredEntry | undefined;
  /** Read from etcd after the update began: what follows from it is final. Otherwise it may be old, and only a compared write proves it. */
  verified: boolean;
}

type Outcome = { done: true; entry: StoredEntry | undefined } | { done: false; basis: Basis };

/** Upstream's default time for a whole request is 60 s; a writer that never wins must not wait for ever. */
const updateTimeoutMs = 30_000;

export class ObjectWriter {
  readonly #context: ResourceContext;

  constructor(context: ResourceContext) {
    this.#context = context;
  }

  async create(key: string, object: UnstructuredObject, options: WriteOptions): Promise<Entry> {
    const value = this.#encode(object);
    const result = await this.#put('create', { key, value, expectedRevision: 0 }, options);
    if (!result.succeeded) throw alreadyExists(this.#context.groupResource, nameOfKey(key));
    return this.#context.cache.noteWrite(new StoredEntry(key, result.revision, value));
  }

  async update(key: string, updater: Updater, options: UpdateOptions): Promise<Entry | undefined> {
    const { cache, clock } = this.#context;
    const end = clock.now() + updateTimeoutMs;
    for (let basis: Basis = { entry: cache.latest(key), verified: false }; ; ) {
      const outcome = await this.#attempt(key, basis, updater, options);
      if (outcome.done) return outcome.entry;
      basis = outcome.basis;
      if (clock.now() > end) throw timeout(`Timeout: other writers kept changing ${nameOfKey(key)}`, 1);
    }
  }

  async #attempt(key: string, basis: Basis, updater: Updater, options: UpdateOptions): Promise<Outcome> {
    let decision: Update;
    try {
      decision = await updater(basis.entry);
      this.#refuseMissing(key, basis, decision, options);
    } catch (error) {
      const fresh = await this.#verify(key, basis);
      if (fresh === basis) throw error;
      return { done: false, basis: fresh };
    }
    if (decision.action === 'write') return this.#write(key, basis, this.#encode(decision.object), options);
    if (decision.action === 'delete' && basis.entry) return this.#delete(key, basis.entry);
    return this.#keep(key, basis);
  }

  #refuseMissing(key: string, { entry }: Basis, decision: Update, options: UpdateOptions): void {
    if (entry !== undefined || decision.action === 'keep') return;
    if (decision.action === 'write' && options.create) return;
    throw notFound(this.#context.groupResource, nameOfKey(key));
  }

  async #write(key: string, basis: Basis, value: Buffer, options: UpdateOptions): Promise<Outcome> {
    if (basis.entry?.equalsStored(value)) return this.#keep(key, basis);
    const expectedRevision = basis.entry?.revision ?? 0;
    const operation = basis.entry === undefined ? 'create' : 'update';
    const result = await this.#put(operation, { key, value, expectedRevision }, options);
    if (!result.succeeded) return { done: false, basis: this.#found(key, result.current) };
    return { done: true, entry: this.#context.cache.noteWrite(new StoredEntry(key, result.revision, value)) };
  }

  async #delete(key: string, entry: StoredEntry): Promise<Outcome> {
    const { client, metrics, labels, prefix, cache } = this.#context;
    const result = await metrics.time('delete', labels, () =>
      client.delete({ key: prefix + key, expectedRevision: entry.revision }),
    );
    if (!result.succeeded) return { done: false, basis: this.#found(key, result.current) };
    cache.noteDelete(key, result.revision);
    return { done: true, entry: entry.withRevision(result.revision) };
  }

  async #keep(key: string, basis: Basis): Promise<Outcome> {
    const fresh = await this.#verify(key, basis);
    return fresh === basis ? { done: true, entry: basis.entry } : { done: false, basis: fresh };
  }

  /** The same basis when it is the newest state, otherwise the newest state. */
  async #verify(key: string, basis: Basis): Promise<Basis> {
    if (basis.verified) return basis;
    await this.#context.freshness.consistent();
    const entry = this.#context.cache.entries.get(key);
    return entry?.revision === basis.entry?.revision ? basis : { entry, verified: true };
  }

  #found(key: string, current: KeyValue | undefined): Basis {
    if (current === undefined) return { entry: undefined, verified: true };
    const known = this.#context.cache.latest(key);
    const entry =
      known?.revision === current.modRevision ? known : new StoredEntry(key, current.modRevision, current.value);
    return { entry, verified: true };
  }

  async #put(
    operation: 'create' | 'update',
    request: { key: string; value: Buffer; expectedRevision: number },
    options: WriteOptions,
  ): Promise<WriteResult> {
    const { client, metrics, labels, leases, prefix } = this.#context;
    const lease = options.ttlSeconds === undefined ? {} : { lease: await leases.get(options.ttlSeconds) };
    try {
      return await metrics.time(operation, labels, () =>
        client.put({ ...request, ...lease, key: prefix + request.key }),
      );
    } catch (error) {
      // An etcd that was set up anew does not know the lease.
      if (error instanceof StatusError && error.message.includes('lease not found')) leases.clear();
      throw error;
    }
  }

  #encode(object: UnstructuredObject): Buffer {
    const { kind, apiVersion } = this.#context;
    return encodeObject({ ...object, kind: object.kind || kind, apiVersion: object.apiVersion || apiVersion });
  }
}
