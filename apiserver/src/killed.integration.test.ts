/** What was acknowledged is kept, whoever is killed; and what only one may have is never given twice. */

import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from './testing/apiserver-process.js';
import type { TestClient } from './testing/test-client.js';

const maps = '/api/v1/namespaces/default/configmaps';
const services = '/api/v1/namespaces/default/services';

let program: ApiserverProgram;
let etcd: TestEtcd;

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcd()]);
});
afterAll(async () => {
  await program?.close();
  await etcd?.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a writer knows of one object: its last acknowledged value, and what a request without an answer may have made of it. */
interface Known {
  value: string | undefined;
  maybe: (string | undefined)[];
}

interface Progress {
  acknowledged: number;
  unanswered: number;
}

/** Creates, changes and deletes objects of its own; keeps what it was told. */
class Writer {
  readonly known = new Map<string, Known>();
  #count = 0;

  constructor(
    private readonly id: number,
    private readonly client: () => TestClient,
    private readonly progress: Progress,
  ) {}

  async run(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const name = `w${this.id}-${this.#count % 17}`;
      await this.step(name, `v${this.#count}`, this.#count++ % 7 === 6);
    }
  }

  private async step(name: string, value: string, removal: boolean): Promise<void> {
    const known = this.known.get(name) ?? { value: undefined, maybe: [] };
    this.known.set(name, known);
    const wanted = removal ? undefined : value;
    try {
      const code = await this.send(name, value, known, removal);
      if (code >= 500) throw new Error(String(code));
      if (code >= 400) return this.reread(name, known);
      known.value = wanted;
      known.maybe = [];
      this.progress.acknowledged++;
    } catch {
      known.maybe.push(wanted);
      this.progress.unanswered++;
      await pause(20);
    }
  }

  private async send(name: string, value: string, known: Known, removal: boolean): Promise<number> {
    const client = this.client();
    if (removal) return (await client.delete(`${maps}/${name}`)).code;
    const body = { metadata: { name }, data: { value } };
    if (known.value === undefined && known.maybe.length === 0) return (await client.post(maps, body)).code;
    const { code } = await client.put(`${maps}/${name}`, body);
    return code === 404 ? (await client.post(maps, body)).code : code;
  }

  /** A refusal says that the object is not what the writer thought: only an unanswered request may be to blame. */
  private async reread(name: string, known: Known): Promise<void> {
    const { code, body } = await this.client().get(`${maps}/${name}`);
    const found: string | undefined = code === 404 ? undefined : body.data?.value;
    if (code >= 500) return;
    expect([name, [known.value, ...known.maybe]]).toEqual([name, expect.arrayContaining([found])]);
    known.value = found;
    known.maybe = [];
  }

  check(found: ReadonlyMap<string, string>): void {
    for (const [name, { value, maybe }] of this.known) {
      expect([name, [value, ...maybe]]).toEqual([name, expect.arrayContaining([found.get(name)])]);
    }
  }
}

it('keeps everything that it acknowledged when it is killed, again and again', async () => {
  const server = await program.start(etcd.endpoint);
  const client = server.client();
  const progress = { acknowledged: 0, unanswered: 0 };
  const writers = [0, 1, 2, 3, 4, 5].map((id) => new Writer(id, () => client, progress));
  let stopped = false;
  const running = Promise.all(writers.map((writer) => writer.run(() => stopped)));
  for (let kill = 0; kill < 5; kill++) {
    const before = progress.acknowledged;
    while (progress.acknowledged < before + 150 + kill * 37) await pause(5);
    await server.kill();
    await server.start();
  }
  stopped = true;
  await running;
  expect(progress.unanswered).toBeGreaterThan(0);
  const { body } = await client.get(maps);
  const found = new Map<string, string>(
    body.items.map((item: { metadata: { name: string }; data: { value: string } }) => [
      item.metadata.name,
      item.data.value,
    ]),
  );
  for (const writer of writers) writer.check(found);
  client.close();
  await server.kill();
}, 300_000);

describe('two servers on one etcd', () => {
  let servers: ApiserverProcess[] = [];
  let clients: TestClient[] = [];

  beforeAll(async () => {
    servers = [await program.start(etcd.endpoint), await program.start(etcd.endpoint)];
    clients = servers.map((server) => server.client());
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.kill();
  });

  const clientOf = (turn: number): TestClient => clients[turn % 2] as TestClient;

  it('never give an address or a port to two services', async () => {
    // Some take what comes, others want one of a few that all of them want.
    const specOf = (turn: number): object => {
      if (turn % 2 === 0) return { type: 'NodePort', ports: [{ port: 80 }] };
      const [address, port] = [`10.96.7.${1 + (turn % 13)}`, 30_001 + 2 * (turn % 11)];
      return { type: 'NodePort', clusterIP: address, ports: [{ port: 80, nodePort: port }] };
    };
    const refusals = new Set<string>();
    const create = async (worker: number): Promise<void> => {
      for (let count = 0; count < 25; count++) {
        const name = `s${worker}-${count}`;
        const body = { metadata: { name }, spec: specOf(worker * 5 + count) };
        const made = await clientOf(worker + count)
          .post(services, body)
          .catch(() => undefined);
        // The one that made it may be away now, and what it wrote must hold against the other one, too.
        const again = await clientOf(worker + count + 1)
          .post(services, body)
          .catch(() => undefined);
        for (const answer of [made, again]) if (answer && answer.code >= 400) refusals.add(`${answer.code}`);
        if (made?.code === 201 && count % 5 === 4) {
          await clientOf(worker + count + 1)
            .delete(`${services}/${name}`)
            .catch(() => undefined);
        }
        if (made === undefined) await pause(50);
      }
    };
    const creating = Promise.all([0, 1, 2, 3, 4, 5].map(create));
    for (const victim of [1, 0, 1]) {
      await pause(300);
      await servers[victim]?.kill();
      await pause(200);
      await servers[victim]?.start();
    }
    await creating;
    expect([...refusals].sort()).toEqual(['409', '422']);
    const { body } = await clientOf(0).get('/api/v1/services');
    const specs: { clusterIP: string; ports: { nodePort?: number }[] }[] = body.items.map(
      (item: { spec: unknown }) => item.spec,
    );
    const addresses = specs.map((spec) => spec.clusterIP);
    const ports = specs.flatMap((spec) => spec.ports.map((port) => port.nodePort)).filter((port) => port !== undefined);
    expect(specs.length).toBeGreaterThan(50);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(new Set(ports).size).toBe(ports.length);
    // What services have is written down as theirs, whoever was killed in between.
    const { body: taken } = await clientOf(1).get('/apis/networking.k8s.io/v1/ipaddresses');
    const written = taken.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    expect(addresses.filter((address) => !written.includes(address))).toEqual([]);
  }, 180_000);

  it('never show a client an older state than it has seen', async () => {
    const path = `${maps}/counter`;
    await clientOf(0).post(maps, { metadata: { name: 'counter' }, data: { count: '0' } });
    const read = async (): Promise<void> => {
      let newest = 0;
      let count = 0;
      for (let turn = 0; turn < 100; turn++) {
        const { body } = turn % 3 === 0 ? await clientOf(turn).get(path) : await clientOf(turn).get(maps);
        const object =
          body.items?.find((item: { metadata: { name: string } }) => item.metadata.name === 'counter') ?? body;
        const version = Number(body.metadata.resourceVersion);
        if (body.items !== undefined) {
          expect(version).toBeGreaterThanOrEqual(newest);
          newest = version;
        }
        expect(Number(object.data.count)).toBeGreaterThanOrEqual(count);
        count = Number(object.data.count);
      }
    };
    const write = async (): Promise<void> => {
      for (let turn = 1; turn <= 150; turn++) {
        const { code, body } = await clientOf(turn).patch(path, 'merge', { data: { count: String(turn) } });
        expect(code).toBe(200);
        const { body: seen } = await clientOf(turn + 1).get(path);
        expect(Number(seen.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(body.metadata.resourceVersion));
      }
    };
    await Promise.all([write(), read(), read(), read()]);
  }, 120_000);
});
