/** Thousands of connections that say nothing, or half of something: the server answers others, and has everything back afterwards. */

import { connect as connectTcp, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from '../testing/apiserver-process.js';
import { openCrowd } from '../testing/crowd.js';
import type { TestClient } from '../testing/test-client.js';

/**
 * What a connection may cost, in MB: its TLS state, its parser, its objects. A crowd of 5,000 takes 44 KB for each; the allocator does not
 * find all of it again, so that the next one takes 53. If nothing came back, it would be 88.
 */
const perConnection = 0.075;

let program: ApiserverProgram;
let etcd: TestEtcd;
let server: ApiserverProcess;
let client: TestClient;

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcd()]);
  server = await program.start(etcd.endpoint);
  client = server.client();
});
afterAll(async () => {
  client?.close();
  await program?.close();
  await etcd?.stop();
});

const open = (count: number, onOpen?: (socket: TLSSocket) => void): Promise<TLSSocket[]> =>
  openCrowd(count, { port: server.port, ca: program.certificates.ca, ...(onOpen ? { onOpen } : {}) });

const openFiles = (): Promise<number> => server.metric(/^process_open_fds /);

const answered = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('close', () => reject(new Error('the connection ended without an answer')));
  });

/** Waits until the server has closed what it had open for others than us. */
async function nothingIsLeft(before: number): Promise<void> {
  await eventually(async () => expect(await openFiles()).toBeLessThanOrEqual(before + 2), {
    timeoutMs: 120_000,
    what: 'the end of all connections',
  });
}

it('five thousand that have asked once and stay, twice', async () => {
  const count = 5_000;
  const files = await openFiles();
  const atRest = server.residentMegabytes();
  for (let round = 0; round < 2; round++) {
    const answers: Promise<void>[] = [];
    const sockets = await open(count, (socket) => {
      answers.push(answered(socket));
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    await Promise.all(answers);
    expect(await openFiles()).toBeGreaterThan(count);
    const { code } = await client.post('/api/v1/namespaces/default/configmaps', { metadata: { name: `r${round}` } });
    expect(code).toBe(201);
    expect(server.residentMegabytes()).toBeLessThan(atRest + count * perConnection);
    for (const [index, socket] of sockets.entries()) index % 2 === 0 ? socket.end() : socket.destroy();
    await nothingIsLeft(files);
    for (const socket of sockets) socket.destroy();
  }
}, 400_000);

describe('connections that stay halfway', () => {
  const post =
    'POST /api/v1/namespaces/default/configmaps?timeout=2s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{';
  const kinds: Record<string, () => Promise<Socket[]>> = {
    'before the handshake': async () =>
      Array.from({ length: 300 }, () => connectTcp({ host: '127.0.0.1', port: server.port })),
    'before the first request': () => open(300),
    'in the middle of the headers': async () => saying(await open(300), 'GET /livez HTTP/1.1\r\nHo'),
    'in the middle of the body': async () => saying(await open(300), post),
    'with one half closed': async () => (await open(300)).map((socket) => socket.end('GET /livez HTTP/1.1\r\nHo')),
    'with one half closed before anything was said': async () => (await open(300)).map((socket) => socket.end()),
  };

  const saying = (sockets: TLSSocket[], text: string): TLSSocket[] => {
    for (const socket of sockets) socket.write(text);
    return sockets;
  };

  it('are all dropped', async () => {
    const files = await openFiles();
    const sockets: Socket[] = [];
    for (const openSome of Object.values(kinds)) sockets.push(...(await openSome()));
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.resume();
    }
    expect((await client.get('/api/v1/namespaces')).code).toBe(200);
    // The headers' time is upstream's half a minute.
    await nothingIsLeft(files);
    for (const socket of sockets) socket.destroy();
  }, 400_000);
});
