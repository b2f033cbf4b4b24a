/** Two thousand watches and a storm of writes: nobody who reads misses anything, and who does not read costs little and is let go. */

import type { TLSSocket } from 'node:tls';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from '../testing/apiserver-process.js';
import { openCrowd } from '../testing/crowd.js';
import type { TestClient } from '../testing/test-client.js';

const maps = '/api/v1/namespaces/default/configmaps';

/** For what a busy machine does late, but does. */
const patient = { timeoutMs: 120_000 };

let program: ApiserverProgram;
let etcd: TestEtcd;
let server: ApiserverProcess;
let client: TestClient;
let identity: { cert: string; key: string };

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcd()]);
  server = await program.start(etcd.endpoint);
  client = server.client();
  identity = await program.certificates.issueClient('crowd', ['system:masters']);
});
afterAll(async () => {
  client?.close();
  await program?.close();
  await etcd?.stop();
});

const connect = (count: number, onOpen: (socket: TLSSocket) => void): Promise<TLSSocket[]> =>
  openCrowd(count, { port: server.port, ca: program.certificates.ca, ...identity, onOpen });

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const watching = (): Promise<number> => server.metric(/^apiserver_watch_cache_watchers.*resource="configmaps"/);
const terminated = (): Promise<number> => server.metric(/^apiserver_terminated_watchers_total.*resource="configmaps"/);

/** The versions that came over a watch of small objects, in the order in which they came. */
class Reader {
  readonly versions: number[] = [];
  #rest = '';

  constructor(
    readonly socket: TLSSocket,
    path: string,
  ) {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk.toString('latin1')));
    socket.write(request(path));
  }

  #receive(text: string): void {
    const all = this.#rest + text;
    const end = all.lastIndexOf('\n') + 1;
    for (const [, version] of all.slice(0, end).matchAll(/"resourceVersion":"(\d+)"/g)) {
      this.versions.push(Number(version));
    }
    this.#rest = all.slice(end);
  }
}

/** Writes that each wait for their answer, `writers` of them at a time; their revisions in order. */
async function storm(count: number, writers: number, write: (index: number) => Promise<number>): Promise<number[]> {
  let next = 0;
  const revisions: number[] = [];
  const writer = async (): Promise<void> => {
    while (next < count) revisions.push(await write(next++));
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return revisions.sort((a, b) => a - b);
}

async function revisionOf(answer: ReturnType<TestClient['post']>): Promise<number> {
  const { code, body } = await answer;
  expect([200, 201]).toContain(code);
  return Number(body.metadata.resourceVersion);
}

/** The highest that the server's memory has been since {@link start}. */
class HighWater {
  #highest = 0;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    const look = (): void => {
      this.#highest = Math.max(this.#highest, server.residentMegabytes());
    };
    look();
    this.#timer = setInterval(look, 50);
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#highest;
  }
}

function writeMap(name: string, index: number, of: { labels?: object; size: number; names: number }): Promise<number> {
  const { labels = {}, size, names } = of;
  const metadata = { name: `${name}-${index % names}`, labels };
  const body = { metadata, data: { x: `${index}`.padEnd(size, 'x') } };
  return revisionOf(index < names ? client.post(maps, body) : client.put(`${maps}/${metadata.name}`, body));
}

const openSilent = (count: number, path: string): Promise<TLSSocket[]> =>
  connect(count, (socket) => {
    socket.pause();
    socket.write(request(path));
  });

it('two thousand watches of a storm of writes', async () => {
  const crowd = { readers: 1_900, silent: 100 };
  const since = `resourceVersion=${(await client.get(maps)).body.metadata.resourceVersion}`;
  const atRest = server.residentMegabytes();
  const others = await watching();
  // Those who read get what is small; those who do not get the large objects, too, and fall behind.
  const readers: Reader[] = [];
  await connect(crowd.readers, (socket) => {
    readers.push(new Reader(socket, `${maps}?watch=1&${since}&labelSelector=small`));
  });
  const silent = await openSilent(crowd.silent, `${maps}?watch=1&${since}`);
  await eventually(async () => expect(await watching()).toBe(others + 2_000), patient);
  const memory = new HighWater();
  memory.start();
  const [written] = await Promise.all([
    storm(200, 8, (index) => writeMap('small', index, { labels: { small: '' }, size: 500, names: 50 })),
    storm(400, 4, (index) => writeMap('large', index, { size: 100_000, names: 20 })),
  ]);
  await eventually(() => {
    const late = readers.filter(({ versions }) => versions.length < written.length);
    if (late.length > 0) throw new Error(`${late.length} have not read everything`);
  }, patient);
  for (const { versions } of readers) expect(versions).toEqual(written);
  await eventually(async () => expect(await terminated()).toBe(crowd.silent), patient);
  for (const socket of [...readers.map((reader) => reader.socket), ...silent]) socket.destroy();
  await eventually(async () => expect(await watching()).toBe(others), patient);
  // A connection with its watch takes less than 100 KB, whoever reads or not. All who wait share the 16 MB that may wait for one of them, beside
  // the 16 MB of history and the objects themselves; the rest is what is not collected at once.
  expect(memory.stop()).toBeLessThan(atRest + 2_000 * 0.1 + 200);
}, 400_000);

it('a hundred watches that nobody reads of many megabytes that are there already', async () => {
  await storm(40, 4, (index) => writeMap('state', index, { size: 900_000, names: 40 }));
  const before = server.residentMegabytes();
  const others = await watching();
  const memory = new HighWater();
  memory.start();
  const silent = await openSilent(100, `${maps}?watch=1`);
  await eventually(async () => expect(await watching()).toBe(others + 100), patient);
  // Watches begin when they are there: what is answered now is answered after that.
  expect((await client.get(maps)).code).toBe(200);
  for (const socket of silent) socket.destroy();
  await eventually(async () => expect(await watching()).toBe(others), patient);
  // Each holds one of the objects of 0.9 MB, as it is written and encrypted; all 36 MB for each would be gigabytes.
  expect(memory.stop()).toBeLessThan(before + 100 * 3);
}, 400_000);
