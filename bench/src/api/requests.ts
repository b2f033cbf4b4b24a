/** Single objects: read, create, update, patch. */

import { encodeRequest } from './connection.js';
import { load, type Measured } from './load.js';
import { configMapBody } from './objects.js';
import type { ServerUsage } from './server-usage.js';
import type { Target } from './target.js';

export interface StepOptions {
  target: Target;
  /** Path of the benchmark's namespace. */
  namespace: string;
  usage: ServerUsage | undefined;
  milliseconds: number;
  signal: AbortSignal;
}

export interface Row extends Measured {
  what: string;
}

const existing = 1_000;
/** How long each kind of request is sent before it counts: programs that compile as they run have done so then. */
const warmUpMilliseconds = 1_500;
let created = 0;

/** Configmaps `<prefix>-0` and so on. */
export async function createConfigMaps(step: StepOptions, prefix: string, from: number, to: number): Promise<void> {
  if (from >= to) return;
  const path = `${step.namespace}/configmaps`;
  const body = (index: number): string => configMapBody(`${prefix}-${from + index}`);
  const request = (index: number): Buffer => encodeRequest(step.target, 'POST', path, { body: body(index) });
  const milliseconds = Number.POSITIVE_INFINITY;
  await load({ ...step, clients: 16, milliseconds, requests: to - from, expect: 201, request });
}

export async function* measureRequests(step: StepOptions, clients: readonly number[]): AsyncGenerator<Row> {
  const { target, namespace } = step;
  const maps = `${namespace}/configmaps`;
  await createConfigMaps(step, 'known', 0, existing);
  const name = (index: number): string => `known-${index % existing}`;
  const gets = Array.from({ length: existing }, (_, index) => encodeRequest(target, 'GET', `${maps}/${name(index)}`));
  const headers = { 'Content-Type': 'application/merge-patch+json' };
  const kinds: { what: string; expect: number; request(index: number): Buffer }[] = [
    { what: 'get', expect: 200, request: (index) => gets[index % existing] as Buffer },
    {
      what: 'create',
      expect: 201,
      request: () => encodeRequest(target, 'POST', maps, { body: configMapBody(`made-${created++}`) }),
    },
    {
      what: 'update',
      expect: 200,
      request: (index) =>
        encodeRequest(target, 'PUT', `${maps}/${name(index)}`, { body: configMapBody(name(index), String(created++)) }),
    },
    {
      what: 'patch',
      expect: 200,
      request: (index) =>
        encodeRequest(target, 'PATCH', `${maps}/${name(index)}`, {
          headers,
          body: `{"data":{"marker":"${created++}"}}`,
        }),
    },
  ];
  for (const { what, ...kind } of kinds) {
    await load({ ...step, ...kind, clients: 4, milliseconds: warmUpMilliseconds });
    for (const count of clients) yield { what, ...(await load({ ...step, clients: count, ...kind })) };
  }
}
