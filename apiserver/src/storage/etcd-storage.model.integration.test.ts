/** Random concurrent writes, watches, compactions and etcd crashes: every watcher sees every version once and in order. */

import { StatusError } from '@kubelab/apimachinery/status-error';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import fc from 'fast-check';
import { connectEtcd } from './etcd/client.js';
import type { EtcdClient } from './etcd-client.js';
import { type EtcdStorage, openStorage } from './etcd-storage.js';
import type { EntryPredicate, ResourceStore } from './store.js';
import { freshPlural, pod, podsOf, valueIn } from './suite/fixtures.js';
import {
  type AcknowledgedWrite,
  checkCompleteness,
  expectedView,
  joinHistories,
  replay,
} from './suite/history-check.js';
import { Reflector, type ReflectorOptions } from './suite/reflector.js';

type Action =
  | { do: 'write' | 'delete' | 'create'; key: string; server: 0 | 1 }
  | { do: 'watch'; server: 0 | 1; view: 'all' | 'namespace' | 'even' }
  | { do: 'interrupt'; which: number }
  | { do: 'compact' }
  | { do: 'crash' };

const server = fc.constantFrom<0 | 1>(0, 1);
const key = fc.constantFrom('a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'c/1');
const action = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constantFrom<'write' | 'delete' | 'create'>('write', 'write', 'create', 'delete'),
      key,
      server,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant<'watch'>('watch'),
      server,
      view: fc.constantFrom<'all' | 'namespace' | 'even'>('all', 'namespace', 'even'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant<'interrupt'>('interrupt'), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant<'compact'>('compact') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant<'crash'>('crash') }) },
);
/** Actions of one batch run at the same time. */
const batches = fc.array(fc.array(action, { minLength: 1, maxLength: 12 }), { minLength: 3, maxLength: 8 });
/** Every run has one: both servers write, and etcd is killed between two compactions while watchers begin again. */
const storm = fc
  .array(action, { minLength: 12, maxLength: 24 })
  .map((steps): Action[] => [
    { do: 'write', key: 'a/1', server: 0 },
    { do: 'write', key: 'a/1', server: 1 },
    { do: 'compact' },
    ...steps.slice(0, 6),
    { do: 'crash' },
    { do: 'interrupt', which: 0 },
    ...steps.slice(6),
    { do: 'interrupt', which: 1 },
    { do: 'compact' },
  ]);
const plans = fc.tuple(batches, storm, batches).map(([before, worst, after]) => [...before, worst, ...after]);

const isEven = (value: unknown): boolean => Number(String(value).slice(1)) % 2 === 0;
const evenValues: EntryPredicate = (entry) => isEven(valueIn(entry));
const views: Record<'all' | 'namespace' | 'even', ReflectorOptions> = {
  all: {},
  namespace: { namespace: 'a' },
  even: { predicate: evenValues },
};

class Run {
  readonly stores: [ResourceStore, ResourceStore];
  readonly reflectors: Reflector[] = [];
  readonly writes: AcknowledgedWrite[] = [];
  /** Values that were sent, so that those seen without an answer can be told from those nobody wrote. */
  readonly sent = new Set<string>();
  readonly #etcd: TestEtcd;
  readonly #client: EtcdClient;
  #values = 0;
  #crash: Promise<void> | undefined;

  constructor(options: { etcd: TestEtcd; client: EtcdClient; storages: [EtcdStorage, EtcdStorage] }) {
    const plural = freshPlural();
    this.#etcd = options.etcd;
    this.#client = options.client;
    this.stores = [podsOf(options.storages[0], plural), podsOf(options.storages[1], plural)];
    for (const store of this.stores) this.reflectors.push(new Reflector(store, {}));
  }

  async perform(step: Action): Promise<void> {
    try {
      await this.#perform(step);
    } catch (error) {
      // Away, or the wrong moment: the answer is an error, and what came of it is for the watchers to tell.
      if (!(error instanceof StatusError) && (error as Error).name !== 'CompactedError') throw error;
    }
  }

  async #perform(step: Action): Promise<void> {
    if (step.do === 'watch') this.reflectors.push(new Reflector(this.stores[step.server], views[step.view]));
    else if (step.do === 'interrupt') this.reflectors[step.which % this.reflectors.length]?.interrupt();
    else if (step.do === 'compact') await this.#client.compact((await this.#client.currentRevision()).revision);
    else if (step.do === 'crash') await this.#crashEtcd();
    else await this.#change(step.do, this.stores[step.server], step.key);
  }

  async #change(how: 'write' | 'delete' | 'create', store: ResourceStore, key: string): Promise<void> {
    const value = `v${++this.#values}`;
    const [namespace = '', name = ''] = key.split('/');
    const object = pod(name, { namespace, value });
    if (how === 'delete') {
      const entry = await store.update(key, () => ({ action: 'delete' }));
      if (entry) this.writes.push({ key, revision: entry.revision, value: undefined });
      return;
    }
    this.sent.add(value);
    const entry =
      how === 'create'
        ? await store.create(key, object)
        : await store.update(key, () => ({ action: 'write', object }), { create: true });
    if (entry) this.writes.push({ key, revision: entry.revision, value });
  }

  /** One at a time. */
  async #crashEtcd(): Promise<void> {
    this.#crash ??= this.#etcd.kill().then(() => this.#etcd.restart());
    await this.#crash;
    this.#crash = undefined;
  }

  /** A last write that every view shows, so that all have reached the same revision. */
  async finish(): Promise<number> {
    const last = await eventually(async () => {
      const entry = await this.stores[0].update(
        'a/last',
        () => ({ action: 'write', object: pod('last', { namespace: 'a', value: `v${2 * ++this.#values}` }) }),
        { create: true },
      );
      if (entry === undefined) throw new Error('nothing was written');
      this.sent.add(String(valueIn(entry)));
      this.writes.push({ key: 'a/last', revision: entry.revision, value: String(valueIn(entry)) });
      return entry;
    });
    await eventually(() => {
      const late = this.reflectors.filter(({ revision }) => revision < last.revision);
      if (late.length > 0) throw new Error(`${late.length} watchers have not reached ${last.revision}`);
    });
    return last.revision;
  }

  async problems(): Promise<string[]> {
    const whole = this.reflectors.filter(({ options }) => options === views.all || Object.keys(options).length === 0);
    const stretches = whole.flatMap((reflector) => reflector.stretches);
    const { history, problems } = joinHistories(stretches, this.writes);
    for (const { type, value } of history.values()) {
      if (type !== 'DELETED' && !this.sent.has(String(value))) problems.push(`nobody wrote ${String(value)}`);
    }
    problems.push(...stretches.flatMap((stretch) => checkCompleteness(stretch, history, this.writes)));
    problems.push(
      ...this.#partialViews().flatMap(({ stretch, matches }) =>
        compareViews(stretch.changes, expectedView(stretch, history, matches)),
      ),
    );
    return [...problems, ...(await this.#finalStates(whole))];
  }

  #partialViews(): { stretch: Reflector['stretches'][number]; matches(key: string, value: unknown): boolean }[] {
    return this.reflectors.flatMap(({ options, stretches }) => {
      if (options.namespace === undefined && options.predicate === undefined) return [];
      const matches = options.predicate
        ? (_: string, value: unknown) => isEven(value)
        : (key: string) => key.startsWith('a/');
      return stretches.map((stretch) => ({ stretch, matches }));
    });
  }

  async #finalStates(whole: Reflector[]): Promise<string[]> {
    const lists = await Promise.all(this.stores.map((store) => store.list()));
    const [truth = ''] = lists.map(({ entries }) =>
      JSON.stringify(entries.map((entry) => [entry.key, valueIn(entry)])),
    );
    const replays = whole.map(({ stretches }) => {
      const last = stretches[stretches.length - 1];
      return JSON.stringify(last ? [...replay(last)].sort(([a], [b]) => (a < b ? -1 : 1)) : []);
    });
    return replays
      .filter((state) => state !== truth)
      .map((state) => `a watcher ends with ${state} instead of ${truth}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.reflectors.map((reflector) => reflector.stop()));
  }
}

function compareViews(seen: unknown[], expected: unknown[]): string[] {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(expected)];
  return left === right ? [] : [`a partial view saw ${left} instead of ${right}`];
}

test('every watcher sees every version once and in order', async () => {
  await using etcd = await startEtcd();
  const endpoints = [etcd.endpoint];
  const storages: [EtcdStorage, EtcdStorage] = [await openStorage({ endpoints }), await openStorage({ endpoints })];
  const client = connectEtcd({ endpoints });
  try {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const run = new Run({ etcd, client, storages });
        try {
          for (const batch of plan) await Promise.all(batch.map((step) => run.perform(step)));
          await run.finish();
          expect(await run.problems()).toEqual([]);
        } finally {
          await run.stop();
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  } finally {
    client.close();
    for (const storage of storages) await storage.close();
  }
}, 180_000);
