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
export async function measureObjects(step: StepOptions): Promise<(Row & { objects: number })[]> {
  const { target, namespace } = step;
  const maps = `${namespace}/configmaps`;
  const rows: (Row & { objects: number })[] = [];
  let before = 0;
  for (const objects of sizes) {
    await createConfigMaps(step, 'grown', before, objects);
    before = objects;
    const get = encodeRequest(target, 'GET', `${maps}/grown-0`);
    const list = encodeRequest(target, 'GET', maps);
    const create = (): Buffer => encodeRequest(target, 'POST', maps, { body: configMapBody(`late-${made++}`) });
    const measure = async (what: string, expect: number, clients: number, request: () => Buffer): Promise<void> => {
      rows.push({ what, objects, ...(await load({ ...step, clients, expect, request })) });
    };
    await measure('get', 200, 16, () => get);
    await measure('create', 201, 16, create);
    await measure('list', 200, 1, () => list);
  }
  return rows;
}

/** The same changes for ever more watchers. */
export async function measureWatchers(step: StepOptions): Promise<FanOut[]> {
  const rows: FanOut[] = [];
  for (const watchers of crowds) rows.push(await measureFanOut(step, { watchers, events, writers: 16 }));
  return rows;
}
