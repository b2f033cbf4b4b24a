/** Two API servers on an etcd of three members: what clients see while members go, hang, come back and elect each other. */

import { startEtcdCluster, type TestEtcdCluster } from '@kubelab/testkit/etcd-cluster';
import { eventually } from '@kubelab/testkit/eventually';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from './testing/apiserver-process.js';
import { HttpReflector } from './testing/http-reflector.js';
import type { Answer, TestClient } from './testing/test-client.js';

let program: ApiserverProgram;
let etcd: TestEtcdCluster;
let servers: ApiserverProcess[];
let clients: TestClient[];

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcdCluster(3)]);
  // Each begins with another member.
  const [first = '', second = '', third = ''] = etcd.endpoints;
  servers = [await program.start([first, second, third].join()), await program.start([second, third, first].join())];
  clients = servers.map((server) => server.client());
});

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await program?.close();
  await etcd?.stop();
});

const clientOf = (turn: number): TestClient => clients[turn % clients.length] as TestClient;

/** Trouble with storage has to look like this, so that clients know to come again. */
const clearRefusals: Readonly<Record<number, string>> = { 503: 'ServiceUnavailable', 504: 'Timeout' };

function unclear({ code, body, text }: Answer): string[] {
  const expected = clearRefusals[code];
  const isStatus = body?.kind === 'Status' && body?.status === 'Failure' && body?.message !== '';
  return expected !== undefined && body?.reason === expected && isStatus ? [] : [`${code} ${text}`];
}

/** Creates objects through both servers in turn, and reads what it has created; knows what was acknowledged. */
class Writer {
  readonly acknowledged = new Map<string, number>();
  readonly problems: string[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(private readonly path: string) {
    this.#running = this.#run();
  }

  async progress(writes: number): Promise<void> {
    const wanted = this.acknowledged.size + writes;
    await eventually(() => expect(this.acknowledged.size).toBeGreaterThanOrEqual(wanted), { timeoutMs: 90_000 });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const name = `k${turn}`;
      const created = await clientOf(turn).post(this.path, { metadata: { name }, data: { turn: String(turn) } });
      if (created.code !== 201) {
        this.problems.push(...unclear(created));
        continue;
      }
      this.acknowledged.set(name, Number(created.body.metadata.resourceVersion));
      // The other server must not deny what the first one has said.
      const seen = await clientOf(turn + 1).get(`${this.path}/${name}`);
      if (seen.code !== 200) this.problems.push(...unclear(seen));
    }
  }
}

let round = 0;

/** Clients write and watch while `trouble` happens; afterwards nothing is lost, and every watcher has seen all of it once and in order. */
async function during(trouble: (writer: Writer, watchers: HttpReflector[]) => Promise<void>): Promise<void> {
  const namespace = `n${round++}`;
  await clientOf(0).post('/api/v1/namespaces', { metadata: { name: namespace } });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  let turn = 0;
  // Two stay with their servers, the third goes to the other one each time.
  const watchers = [() => clientOf(0), () => clientOf(1), () => clientOf(turn++)].map(
    (client) => new HttpReflector({ path, client }),
  );
  await eventually(() => expect(watchers.map(({ lists }) => lists)).toEqual([1, 1, 1]));
  const writer = new Writer(path);
  try {
    await trouble(writer, watchers);
    await writer.stop();
    await expectWhole(path, writer, watchers);
  } finally {
    await writer.stop();
    await Promise.all(watchers.map((watcher) => watcher.stop()));
  }
}

async function expectWhole(path: string, writer: Writer, watchers: HttpReflector[]): Promise<void> {
  expect(writer.problems).toEqual([]);
  const { body } = await eventually(async () => {
    const answer = await clientOf(0).get(path);
    expect(answer.code).toBe(200);
    return answer;
  });
  const items = body.items as { metadata: { name: string; resourceVersion: string } }[];
  const kept = new Map(items.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]));
  for (const [name, revision] of writer.acknowledged) expect([name, kept.get(name)]).toEqual([name, revision]);
  const newest = Math.max(...kept.values());
  for (const watcher of watchers) {
    await eventually(() => expect(watcher.revision).toBeGreaterThanOrEqual(newest), { timeoutMs: 60_000 });
    expect(watcher.lists).toBe(1);
    const seen = [...watcher.listed].concat(watcher.events.map(({ name, revision }) => [name, revision]));
    expect(seen).toEqual([...kept].sort(([, left], [, right]) => left - right));
    expect(watcher.events.filter(({ type }) => type !== 'ADDED')).toEqual([]);
  }
}

test('another member is made the leader, again and again', async () => {
  await during(async (writer, watchers) => {
    for (let turn = 0; turn < 4; turn++) {
      await writer.progress(10);
      await etcd.lead(((await etcd.leader()) + 1) % 3);
      for (const watcher of watchers) watcher.interrupt();
    }
    await writer.progress(10);
  });
});

test('each member in turn is killed and comes back', async () => {
  await during(async (writer, watchers) => {
    for (let member = 0; member < 3; member++) {
      await writer.progress(6);
      await etcd.kill(member);
      watchers[2]?.interrupt();
      await writer.progress(6);
      etcd.restart(member);
      await etcd.leader();
    }
    await writer.progress(6);
  });
});

test('each member in turn hangs with its connections open', async () => {
  await during(async (writer, watchers) => {
    for (let member = 0; member < 3; member++) {
      await writer.progress(4);
      etcd.freeze(member);
      watchers[2]?.interrupt();
      await writer.progress(4);
      etcd.thaw(member);
      await etcd.leader();
    }
    await writer.progress(4);
  });
});

test('while all members are away requests fail clearly and old state is still served; then everything goes on', async () => {
  await during(async (writer) => {
    await writer.progress(5);
    await Promise.all([0, 1, 2].map((member) => etcd.kill(member)));
    const path = '/api/v1/namespaces/default/configmaps';
    const answers = await Promise.all([
      clientOf(0).get(path),
      clientOf(1).get(`${path}/kube-root-ca.crt`),
      clientOf(0).post(path, { metadata: { name: 'away' } }),
      clientOf(1).patch('/api/v1/namespaces/default', 'merge', { metadata: { labels: { a: 'b' } } }),
    ]);
    expect(answers.flatMap(unclear)).toEqual([]);
    expect((await clientOf(0).get(`${path}?resourceVersion=0`)).code).toBe(200);
    expect((await clientOf(0).get('/livez?exclude=etcd')).code).toBe(200);
    expect((await clientOf(0).get('/readyz')).code).toBe(500);
    for (const member of [0, 1, 2]) etcd.restart(member);
    await etcd.leader();
    await writer.progress(5);
    for (const client of clients) await eventually(async () => expect((await client.get('/readyz')).code).toBe(200));
  });
});
