/** Lists of many objects, in every form that clients ask for. */

import { Connection, encodeRequest } from './connection.js';
import { load } from './load.js';
import { podBody } from './objects.js';
import { createConfigMaps, type Row, type StepOptions } from './requests.js';

const pageSize = 500;

const forms: readonly { form: string; query?: string; headers: Record<string, string> }[] = [
  { form: 'full', headers: { Accept: 'application/json' } },
  { form: 'from cache', query: 'resourceVersion=0', headers: { Accept: 'application/json' } },
  { form: 'gzip', headers: { Accept: 'application/json', 'Accept-Encoding': 'gzip' } },
  { form: 'protobuf', headers: { Accept: 'application/vnd.kubernetes.protobuf' } },
  { form: 'Table', headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
];

async function createPods(step: StepOptions, count: number): Promise<void> {
  const { target, namespace } = step;
  const request = (index: number): Buffer =>
    encodeRequest(target, 'POST', `${namespace}/pods`, { body: podBody(`pod-${index}`) });
  const milliseconds = Number.POSITIVE_INFINITY;
  await load({ ...step, clients: 16, milliseconds, requests: count, expect: 201, request });
}

/** `known`: how many configmaps there are already. */
export async function* measureLists(
  step: StepOptions,
  clients: readonly number[],
  objects: number,
): AsyncGenerator<Row> {
  const { target, namespace } = step;
  const fresh = { ...step, namespace };
  await createConfigMaps(fresh, 'listed', 0, objects);
  await createPods(fresh, objects);
  for (const plural of ['configmaps', 'pods']) {
    const path = `${namespace}/${plural}`;
    for (const { form, query, headers } of forms) {
      const request = encodeRequest(target, 'GET', query === undefined ? path : `${path}?${query}`, { headers });
      for (const count of clients) {
        const measured = await load({ ...step, clients: count, expect: 200, request: () => request });
        yield { what: `list ${plural}, ${form}`, ...measured };
      }
    }
    yield* measurePages(step, path, plural, clients);
  }
}

/** Tokens belong to a revision: all pages are asked for by tokens of one walk. */
async function* measurePages(
  step: StepOptions,
  path: string,
  plural: string,
  clients: readonly number[],
): AsyncGenerator<Row> {
  const { target } = step;
  const connection = await Connection.open(target);
  const pages: Buffer[] = [];
  try {
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query = token === '' ? '' : `&continue=${encodeURIComponent(token)}`;
      const request = encodeRequest(target, 'GET', `${path}?limit=${pageSize}${query}`);
      const { status, body } = await connection.send(request, { keepBody: true });
      if (status !== 200) throw new Error(`a page was answered with ${status}`);
      pages.push(request);
      token = /"continue":"([^"]+)"/.exec(body?.toString('latin1', 0, 2000) ?? '')?.[1];
    }
  } finally {
    connection.close();
  }
  for (const count of clients) {
    const request = (index: number): Buffer => pages[index % pages.length] as Buffer;
    const measured = await load({ ...step, clients: count, expect: 200, request });
    yield { what: `list ${plural}, pages of ${pageSize}`, ...measured };
  }
}
