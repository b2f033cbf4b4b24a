/** What resourceVersions mean to clients of two servers on one etcd: newer than a server knows, compacted away, or somewhere in between. */

import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { connectEtcd } from './storage/etcd/client.js';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from './testing/apiserver-process.js';
import { HttpReflector } from './testing/http-reflector.js';
import type { Answer, TestClient } from './testing/test-client.js';

const maps = '/api/v1/namespaces/default/configmaps';

let program: ApiserverProgram;
let etcd: TestEtcd;
let servers: [ApiserverProcess, ApiserverProcess];
let one: TestClient;
let two: TestClient;

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcd()]);
  servers = [await program.start(etcd.endpoint), await program.start(etcd.endpoint)];
  [one, two] = [servers[0].client(), servers[1].client()];
});
afterAll(async () => {
  one?.close();
  two?.close();
  await program?.close();
  await etcd?.stop();
});

const versionOf = ({ body }: Answer): number => Number(body.metadata.resourceVersion);
const namesIn = ({ body }: Answer): string[] =>
  (body.items as { metadata: { name: string } }[])
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt');

async function create(name: string, client = one): Promise<number> {
  const answer = await client.post(maps, { metadata: { name } });
  expect(answer.code).toBe(201);
  return versionOf(answer);
}

/** Everything up to now is history that etcd has no longer. */
async function compact(): Promise<void> {
  const client = connectEtcd({ endpoints: [etcd.endpoint] });
  try {
    await client.compact((await client.currentRevision()).revision);
  } finally {
    client.close();
  }
}

describe('a version that a server has not seen yet', () => {
  it('is waited for when the other server has just written it', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const name = `fresh-${turn}`;
      const version = await create(name, turn % 2 ? one : two);
      const other = turn % 2 ? two : one;
      const listed = await other.get(`${maps}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`);
      expect(namesIn(listed)).toContain(name);
      expect(versionOf(listed)).toBeGreaterThanOrEqual(version);
      expect((await other.get(`${maps}/${name}?resourceVersion=${version}`)).code).toBe(200);
    }
  });

  it.each([
    ['a list', (version: number) => `${maps}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`],
    [
      'a list of that very version',
      (version: number) => `${maps}?resourceVersion=${version}&resourceVersionMatch=Exact`,
    ],
    ['a get', (version: number) => `${maps}/kube-root-ca.crt?resourceVersion=${version}`],
  ])('is too large for %s when nobody writes it', async (what, path) => {
    const wanted = (await create(`large-${what.replaceAll(' ', '-')}`)) + 1_000;
    const answer = await two.get(path(wanted));
    expect(answer.code).toBe(504);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).toMatchObject({
      kind: 'Status',
      reason: 'Timeout',
      message: expect.stringMatching(new RegExp(`^Timeout: Too large resource version: ${wanted}, current: \\d+$`)),
      details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
    });
  });
});

describe('a version that was compacted', () => {
  it('ends a paged list with the offer to go on from the newest state', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await create(name);
    const first = await one.get(`${maps}?limit=2`);
    const token = first.body.metadata.continue as string;
    await create('page-4');
    await compact();
    // The first server may still remember the state; the second one has to ask etcd.
    const expired = await two.get(`${maps}?limit=2&continue=${encodeURIComponent(token)}`);
    expect(expired).toMatchObject({ code: 410, body: { kind: 'Status', reason: 'Expired' } });
    expect(expired.body.message).toMatch(/^The provided continue parameter is too old to display a consistent list/);
    const offer = expired.body.metadata.continue as string;
    const rest = await two.get(`${maps}?continue=${encodeURIComponent(offer)}`);
    expect(rest.code).toBe(200);
    expect(namesIn(rest)).toContain('page-4');
    expect(namesIn(rest).filter((name) => namesIn(first).includes(name))).toEqual([]);
  });

  it('cannot be listed any more', async () => {
    const old = await create('exact-1');
    await create('exact-2');
    expect(namesIn(await two.get(`${maps}?resourceVersion=${old}&resourceVersionMatch=Exact`))).not.toContain(
      'exact-2',
    );
    await compact();
    expect(await two.get(`${maps}?resourceVersion=${old}&resourceVersionMatch=Exact`)).toMatchObject({
      code: 410,
      body: { reason: 'Expired', message: 'The resourceVersion for the provided list is too old.' },
    });
  });

  it('ends a watch with 410 in the stream, and the client that lists again misses nothing', async () => {
    const reflector = new HttpReflector({ path: maps, client: () => two });
    await eventually(() => expect(reflector.lists).toBe(1));
    const old = await create('relist-1');
    await eventually(() => expect(reflector.revision).toBeGreaterThanOrEqual(old));
    await servers[1].kill();
    await one.delete(`${maps}/relist-1`);
    const newest = await create('relist-2');
    await compact();
    // A server that begins now knows nothing of what was before.
    await servers[1].start();
    const watch = await two.watch(`${maps}?watch=true&resourceVersion=${old}`);
    expect(watch.code).toBe(200);
    expect(await watch.next()).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(new RegExp(`^too old resource version: ${old} \\(\\d+\\)$`)),
      },
    });
    await watch.ended;
    await eventually(() => expect(reflector.revision).toBeGreaterThanOrEqual(newest));
    expect(reflector.lists).toBe(2);
    expect(reflector.refusals).toContain('410 Expired');
    const known = new Set(reflector.listed.keys());
    for (const { type, name } of reflector.events) type === 'DELETED' ? known.delete(name) : known.add(name);
    const listed = namesIn(await one.get(maps));
    expect([...known].filter((name) => name !== 'kube-root-ca.crt').sort()).toEqual(listed.sort());
    await reflector.stop();
  });
});

it('is compacted by the servers themselves, one to two intervals after it was left behind', async () => {
  const server = await program.start(etcd.endpoint, ['--etcd-compaction-interval=1s']);
  const old = await create('periodic-1');
  await eventually(
    async () => {
      await one.patch(`${maps}/periodic-1`, 'merge', { data: { now: String(Math.random()) } });
      // Any server may be asked: what etcd has no longer, none of them has, unless it is the newest state.
      const answer = await two.get(`${maps}?resourceVersion=${old}&resourceVersionMatch=Exact`);
      expect(answer).toMatchObject({ code: 410, body: { reason: 'Expired' } });
    },
    { intervalMs: 300 },
  );
  await server.kill();
});
