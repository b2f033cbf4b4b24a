/** How cost grows with what there is. */

import { encodeRequest } from './connection.js';
import { load } from './load.js';
import { configMapBody } from './objects.js';
import { createConfigMaps, type Row, type StepOptions } from './requests.js';
import { type FanOut, measureFanOut } from './watches.js';

const sizes = [1_000, 5_000, 10_000, 25_000, 50_000];
const crowds = [10, 100, 500, 1_000, 2_000];
const events = 100;

let made = 0;

/** Reads, writes and lists beside ever more objects. */
export async function* measureObjects(step: StepOptions): AsyncGenerator<Row & { objects: number }> {
  const { target, namespace } = step;
  const maps = `${namespace}/configmaps`;
  let before = 0;
  for (const objects of sizes) {
    await createConfigMaps(step, 'grown', before, objects);
    before = objects;
    const get = encodeRequest(target, 'GET', `${maps}/grown-0`);
    const list = encodeRequest(target, 'GET', maps);
    const create = (): Buffer => encodeRequest(target, 'POST', maps, { body: configMapBody(`late-${made++}`) });
    yield { what: 'get', objects, ...(await load({ ...step, clients: 16, expect: 200, request: () => get })) };
    yield { what: 'create', objects, ...(await load({ ...step, clients: 16, expect: 201, request: create })) };
    yield { what: 'list', objects, ...(await load({ ...step, clients: 1, expect: 200, request: () => list })) };
  }
}

/** The same changes for ever more watchers. */
export async function* measureWatchers(step: StepOptions): AsyncGenerator<FanOut> {
  for (const watchers of crowds) yield await measureFanOut(step, { watchers, events, writers: 16 });
}
