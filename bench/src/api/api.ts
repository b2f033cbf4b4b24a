/** The API benchmark: any server that a kubeconfig names, or one of its own; on request beside another one. */

import { writeResult } from '../report/result-file.js';
import { measureObjects, measureWatchers } from './growth.js';
import { growthTable, objectGrowth, watcherGrowth } from './linearity.js';
import { measureLists } from './lists.js';
import { inNamespace } from './namespace.js';
import { startOwnServer } from './own-server.js';
import { comparedFanOutTable, comparedRequestTable, fanOutTable, requestTable } from './report.js';
import { measureRequests, type Row, type StepOptions } from './requests.js';
import { type ServerUsage, serverUsage } from './server-usage.js';
import { type Target, targetOf } from './target.js';
import { type FanOut, measureFanOut } from './watches.js';

export const parts = ['requests', 'lists', 'watches', 'growth'] as const;
export type Part = (typeof parts)[number];

/** A server and where its process is, when that runs here: for its CPU time and memory. */
export interface ServerChoice {
  kubeconfig: string;
  /** Absent: the current one. */
  context?: string;
  pid?: number;
  container?: string;
}

export interface ApiBenchmark {
  /** Absent: one is started. */
  server?: ServerChoice;
  /** Measured beside it, one figure after the other. */
  compare?: ServerChoice;
  parts: readonly Part[];
  clients: readonly number[];
  /** How long each request is repeated. */
  milliseconds: number;
  objects: number;
  watchers: number;
  events: number;
  signal: AbortSignal;
  write(line: string): void;
}

interface Server {
  target: Target;
  usage: ServerUsage | undefined;
}

export async function runApi(options: ApiBenchmark): Promise<void> {
  const own = options.server ? undefined : await startOwnServer(options.signal);
  try {
    if (own) {
      const { first, again } = own.readySeconds;
      options.write(
        `ready after ${first.toFixed(2)} s with an empty etcd, after ${again.toFixed(2)} s the next time (allocator: ${own.allocator})`,
      );
    }
    await measureAll({ ...options, server: options.server ?? (own as ServerChoice) }, own?.readySeconds);
  } finally {
    await own?.stop();
  }
}

async function measureAll(options: ApiBenchmark & { server: ServerChoice }, readySeconds: unknown): Promise<void> {
  const { write } = options;
  const choices = [options.server, ...(options.compare ? [options.compare] : [])];
  const servers: Server[] = [];
  for (const choice of choices)
    servers.push({ target: targetOf(choice.kubeconfig, choice.context), usage: await serverUsage(choice) });
  const memory = (): (number | undefined)[] => servers.map(({ usage }) => usage?.rssBytes());
  const results: Record<string, unknown> = { readySeconds, rssBeforeBytes: memory() };
  write(`RSS before: ${shownMemory(memory())}`);
  for (const part of options.parts) {
    results[part] = await inNamespaces(servers, (namespaces) => measure(part, options, servers, namespaces));
  }
  const peak = servers.map(({ usage }) => usage?.peakRssBytes());
  write(`RSS after: ${shownMemory(memory())}; at most: ${shownMemory(peak)}`);
  results['rssAfterBytes'] = memory();
  results['rssPeakBytes'] = peak;
  const { signal: _, write: __, server: ___, compare, ...asked } = options;
  const told = { ...asked, compared: compare !== undefined };
  write(`written to ${writeResult({ benchmark: 'api', options: told, aims: [], results }, new Date())}`);
}

const shownMemory = (bytes: readonly (number | undefined)[]): string =>
  bytes.map((each) => (each === undefined ? 'unknown' : `${Math.round(each / 1024 / 1024)} MB`)).join(' and ');

/** A namespace in each server. */
async function inNamespaces<T>(servers: readonly Server[], use: (paths: readonly string[]) => Promise<T>): Promise<T> {
  const [first, ...rest] = servers;
  if (!first) return use([]);
  return inNamespace(first.target, (path) => inNamespaces(rest, (paths) => use([path, ...paths])));
}

async function measure(
  part: Part,
  options: ApiBenchmark,
  servers: readonly Server[],
  namespaces: readonly string[],
): Promise<unknown> {
  const { clients, objects, milliseconds, signal } = options;
  const steps = (paths: readonly string[]): StepOptions[] =>
    servers.map((server, index) => ({ ...server, namespace: paths[index] as string, milliseconds, signal }));
  const requests = <T extends Row>(make: (step: StepOptions) => AsyncGenerator<T>): Promise<T[][]> =>
    shown(options, steps(namespaces).map(make), { one: requestTable, two: comparedRequestTable });
  const watches = (
    paths: readonly string[],
    make: (step: StepOptions) => AsyncGenerator<FanOut>,
  ): Promise<FanOut[][]> => shown(options, steps(paths).map(make), { one: fanOutTable, two: comparedFanOutTable });
  if (part === 'requests') return requests((step) => measureRequests(step, clients));
  if (part === 'lists') return requests((step) => measureLists(step, clients, objects));
  if (part === 'watches') return watches(namespaces, (step) => fanOuts(step, options));
  const byObjects = await requests(measureObjects);
  const byWatchers = await inNamespaces(servers, (paths) => watches(paths, measureWatchers));
  const linearity = servers.map((_, index) => [
    ...objectGrowth(byObjects[index] ?? []),
    ...watcherGrowth(byWatchers[index] ?? []),
  ]);
  for (const steps of linearity)
    options.write(`\ncost of a request, a listed object, a delivery\n${growthTable(steps)}`);
  return { byObjects, byWatchers, linearity };
}

async function* fanOuts(step: StepOptions, { clients, watchers, events }: ApiBenchmark): AsyncGenerator<FanOut> {
  for (const writers of clients) yield await measureFanOut(step, { watchers, events, writers });
}

/** One row of each server after the other, so that a busy machine is as busy for both. */
async function shown<T>(
  { write }: ApiBenchmark,
  sources: readonly AsyncGenerator<T>[],
  tables: { one(rows: readonly T[]): string; two(rows: readonly T[], others: readonly T[]): string },
): Promise<T[][]> {
  const rows: T[][] = sources.map(() => []);
  for (let going = true; going; ) {
    for (const [index, source] of sources.entries()) {
      const { done, value } = await source.next();
      if (done) going = false;
      else rows[index]?.push(value);
    }
  }
  const [own = [], others] = rows;
  write(`\n${others ? tables.two(own, others) : tables.one(own)}`);
  return rows;
}
