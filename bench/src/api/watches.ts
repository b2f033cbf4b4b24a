/** Many watchers of the same changes. */

import { performance } from 'node:perf_hooks';
import type { TLSSocket } from 'node:tls';
import { encodeRequest, openSocket } from './connection.js';
import { load } from './load.js';
import { configMapBody } from './objects.js';
import type { StepOptions } from './requests.js';

export interface FanOut {
  watchers: number;
  events: number;
  writers: number;
  /** From the first write to the last delivery. */
  seconds: number;
  deliveriesPerSecond: number;
  cpuMicrosPerDelivery?: number;
  rssBytes?: number;
}

const newline = 0x0a;
const openAtOnce = 50;
const patienceMs = 120_000;

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++;
  return lines;
}

/** A watch of one label, from now on. Counts events by the ends of their lines; chunks of the transfer have none of their own. */
async function openWatcher(step: StepOptions, path: string, onEvents: (count: number) => void): Promise<TLSSocket> {
  const socket = await openSocket(step.target);
  socket.write(encodeRequest(step.target, 'GET', path));
  await new Promise<void>((resolve, reject) => {
    let begun = false;
    socket.on('data', (chunk: Buffer) => {
      if (begun) return onEvents(countEvents(chunk));
      begun = true;
      const head = chunk.toString('latin1', 0, 200);
      if (head.startsWith('HTTP/1.1 200')) resolve();
      else reject(new Error(`a watch was answered with ${head.slice(9, 12)}`));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a watch')));
  });
  return socket;
}

/** Lines of the transfer's own end in CR LF, those of events in LF alone. */
function countEvents(chunk: Buffer): number {
  let carriageReturns = 0;
  for (let at = chunk.indexOf('\r\n'); at >= 0; at = chunk.indexOf('\r\n', at + 2)) carriageReturns++;
  return countLines(chunk) - carriageReturns;
}

export async function measureFanOut(
  step: StepOptions,
  { watchers, events, writers }: { watchers: number; events: number; writers: number },
): Promise<FanOut> {
  const { target, namespace, usage, signal } = step;
  const maps = `${namespace}/configmaps`;
  const run = `w${Math.trunc(performance.now())}`;
  const path = `${maps}?watch=true&resourceVersion=0&labelSelector=run%3D${run}`;
  const wanted = watchers * events;
  let delivered = 0;
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  const count = (more: number): void => {
    delivered += more;
    if (delivered >= wanted) onAll();
  };
  const sockets: TLSSocket[] = [];
  try {
    for (let opened = 0; opened < watchers; opened += openAtOnce) {
      const some = Math.min(openAtOnce, watchers - opened);
      sockets.push(...(await Promise.all(Array.from({ length: some }, () => openWatcher(step, path, count)))));
    }
    const request = (index: number): Buffer => {
      const body = configMapBody(`${run}-${index}`).replace('"app":"bench"', `"run":"${run}"`);
      return encodeRequest(target, 'POST', maps, { body });
    };
    const cpuBefore = usage?.cpuSeconds() ?? 0;
    const start = performance.now();
    const milliseconds = Number.POSITIVE_INFINITY;
    await load({ target, usage, signal, clients: writers, milliseconds, requests: events, expect: 201, request });
    await within(all, () => `${delivered} of ${wanted} events came`);
    const seconds = (performance.now() - start) / 1000;
    const cpu = (usage?.cpuSeconds() ?? 0) - cpuBefore;
    return {
      watchers,
      events,
      writers,
      seconds,
      deliveriesPerSecond: wanted / seconds,
      ...(usage ? { cpuMicrosPerDelivery: (cpu * 1e6) / wanted, rssBytes: usage.rssBytes() } : {}),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function within(work: Promise<void>, otherwise: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise())), patienceMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
