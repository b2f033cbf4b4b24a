/** The API benchmark: any server that a kubeconfig names. */

import { writeResult } from '../report/result-file.js';
import { measureObjects, measureWatchers } from './growth.js';
import { measureLists } from './lists.js';
import { inNamespace } from './namespace.js';
import { fanOutTable, requestTable } from './report.js';
import { measureRequests, type StepOptions } from './requests.js';
import { serverUsage } from './server-usage.js';
import { targetOf } from './target.js';
import { measureFanOut } from './watches.js';

export const parts = ['requests', 'lists', 'watches', 'growth'] as const;
export type Part = (typeof parts)[number];

export interface ApiBenchmark {
  kubeconfig: string;
  /** Of the server, when it runs here: for its CPU time and memory. */
  pid?: number;
  container?: string;
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

export async function runApi(options: ApiBenchmark): Promise<void> {
  const { write } = options;
  const target = targetOf(options.kubeconfig);
  const usage = await serverUsage(options);
  const idle = usage?.rssBytes();
  if (idle !== undefined) write(`RSS before: ${Math.round(idle / 1024 / 1024)} MB`);
  const results: Record<string, unknown> = { rssBeforeBytes: idle };
  for (const part of options.parts) {
    const run = (namespace: string): Promise<unknown> =>
      measure(part, options, { target, namespace, usage, milliseconds: options.milliseconds, signal: options.signal });
    results[part] = await inNamespace(target, run);
  }
  const { signal: _, write: __, ...asked } = options;
  write(`written to ${writeResult({ benchmark: 'api', options: asked, aims: [], results }, new Date())}`);
}

async function measure(part: Part, options: ApiBenchmark, step: StepOptions): Promise<unknown> {
  const { clients, objects, watchers, events, write } = options;
  if (part === 'requests') return shown(write, requestTable, await measureRequests(step, clients));
  if (part === 'lists') return shown(write, requestTable, await measureLists(step, clients, objects));
  if (part === 'watches') {
    const rows = [];
    for (const writers of clients) rows.push(await measureFanOut(step, { watchers, events, writers }));
    return shown(write, fanOutTable, rows);
  }
  const byObjects = shown(write, requestTable, await measureObjects(step));
  const byWatchers = await inNamespace(step.target, (namespace) => measureWatchers({ ...step, namespace }));
  return { byObjects, byWatchers: shown(write, fanOutTable, byWatchers) };
}

function shown<T>(write: (line: string) => void, table: (rows: readonly T[]) => string, rows: T[]): T[] {
  write(`\n${table(rows)}`);
  return rows;
}
