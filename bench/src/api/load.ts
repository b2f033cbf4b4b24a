/** A closed loop: every client sends its next request when it has the answer to the last. */

import { performance } from 'node:perf_hooks';
import { Connection } from './connection.js';
import type { ServerUsage } from './server-usage.js';
import type { Target } from './target.js';

export interface LoadOptions {
  target: Target;
  clients: number;
  /** Stops when the time is up, or after this many requests. */
  milliseconds: number;
  requests?: number;
  /** The request number `index`; each is sent once. */
  request(index: number): Buffer;
  /** What a good answer has. */
  expect: number;
  usage: ServerUsage | undefined;
  signal: AbortSignal;
}

export interface Measured {
  clients: number;
  requests: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  bytesPerRequest: number;
  /** Absent when the server's process is not known. */
  cpuMicros?: number;
  rssBytes?: number;
}

/** Rejects when an answer is not as expected. */
export async function load(options: LoadOptions): Promise<Measured> {
  const { target, clients, usage, signal } = options;
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(target)));
  try {
    const latencies: number[] = [];
    let bytes = 0;
    let next = 0;
    const cpuBefore = usage?.cpuSeconds() ?? 0;
    const start = performance.now();
    const end = start + options.milliseconds;
    const limit = options.requests ?? Number.POSITIVE_INFINITY;
    const loop = async (connection: Connection): Promise<void> => {
      while (next < limit && performance.now() < end) {
        signal.throwIfAborted();
        const sent = performance.now();
        const index = next++;
        const reply = await connection.send(options.request(index));
        if (reply.status !== options.expect) throw new Error(`request ${index} was answered with ${reply.status}`);
        latencies.push(performance.now() - sent);
        bytes += reply.bytes;
      }
    };
    await Promise.all(connections.map(loop));
    const seconds = (performance.now() - start) / 1000;
    const cpu = (usage?.cpuSeconds() ?? 0) - cpuBefore;
    return {
      clients,
      requests: latencies.length,
      perSecond: latencies.length / seconds,
      ...quantiles(latencies),
      bytesPerRequest: bytes / latencies.length,
      ...(usage ? { cpuMicros: (cpu * 1e6) / latencies.length, rssBytes: usage.rssBytes() } : {}),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

function quantiles(latencies: number[]): { p50Ms: number; p99Ms: number } {
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
