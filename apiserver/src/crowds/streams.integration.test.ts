/** Two hundred streams to a kubelet at the same time: every byte of each arrives at its own end, and nothing of them stays. */

import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { type ApiserverProcess, type ApiserverProgram, buildApiserver } from '../testing/apiserver-process.js';
import { openCrowd } from '../testing/crowd.js';
import type { TestClient } from '../testing/test-client.js';

const streams = 200;
/** More than all buffers on the way hold. */
const bytesEach = 4 * 1024 * 1024;
/** MB: two TLS connections, and in both directions what is read and not yet written. */
const perStream = 1.2;
const pod = '/api/v1/namespaces/default/pods/web';

/** What a kubelet's streaming server looks like from outside: it switches protocols and then says back what it hears. */
class EchoKubelet {
  readonly open = new Set<Duplex>();
  readonly paths: string[] = [];
  #server: Server | undefined;

  async start({ cert, key }: { cert: string; key: string }): Promise<number> {
    const server = createServer({ cert, key });
    this.#server = server;
    server.on('upgrade', (request, socket, head) => {
      this.paths.push(request.url ?? '');
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.open) socket.destroy();
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

const kubelet = new EchoKubelet();
let program: ApiserverProgram;
let etcd: TestEtcd;
let server: ApiserverProcess;
let client: TestClient;
let atRest: number;
let identity: { cert: string; key: string };

beforeAll(async () => {
  [program, etcd] = await Promise.all([buildApiserver(), startEtcd()]);
  const [port, started] = [await kubelet.start(program.certificates), await program.start(etcd.endpoint)];
  server = started;
  client = server.client();
  identity = await program.certificates.issueClient('crowd', ['system:masters']);
  await createRunningPod(port);
  atRest = server.residentMegabytes();
});
afterAll(async () => {
  client?.close();
  kubelet.close();
  await program?.close();
  await etcd?.stop();
});

async function createRunningPod(port: number): Promise<void> {
  await client.post('/api/v1/nodes', { metadata: { name: 'n1' } });
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  await client.patch('/api/v1/nodes/n1/status', 'merge', { status });
  await client.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  const spec = { nodeName: 'n1', containers: [{ name: 'a', image: 'a' }] };
  const { code } = await client.post('/api/v1/namespaces/default/pods', { metadata: { name: 'web' }, spec });
  expect(code).toBe(201);
}

/** Every stream its own text, so that none can take another's for its own. */
const blockOf = (index: number): Buffer => Buffer.alloc(64 * 1024, `stream ${index}: `);

const requestTo = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`;

function switched(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 101 ')) resolve();
      else reject(new Error(`not switched: ${head.slice(0, 300)}`));
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('the connection ended')));
  });
}

/** Sends what `blockOf` says and resolves with whether the same came back. */
async function echo(socket: TLSSocket, index: number): Promise<boolean> {
  const block = blockOf(index);
  let received = 0;
  let same = true;
  const all = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        const from = (received + at) % block.length;
        const length = Math.min(block.length - from, chunk.length - at);
        same &&= chunk.compare(block, from, from + length, at, at + length) === 0;
        at += length;
      }
      received += chunk.length;
      if (received >= bytesEach) resolve();
    });
    socket.once('close', () => reject(new Error(`the stream ended after ${received} bytes`)));
  });
  for (let sent = 0; sent < bytesEach; sent += block.length) {
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  await all;
  return same && received === bytesEach;
}

const running = (): Promise<number> => server.metric(/^apiserver_longrunning_requests.*CONNECT/);
const openFiles = (): Promise<number> => server.metric(/^process_open_fds /);

async function openStreams(path: string): Promise<TLSSocket[]> {
  const all: Promise<void>[] = [];
  const onOpen = (socket: TLSSocket): void => {
    all.push(switched(socket));
    socket.write(requestTo(path));
  };
  const sockets = await openCrowd(streams, { port: server.port, ca: program.certificates.ca, ...identity, onOpen });
  await Promise.all(all);
  return sockets;
}

const paths = {
  exec: `${pod}/exec?command=cat&stdin=true&stdout=true`,
  attach: `${pod}/attach?stdin=true&stdout=true`,
  'port-forward': `${pod}/portforward`,
};

/** Who ends them, and how. */
const ends: Record<keyof typeof paths, (sockets: TLSSocket[]) => void> = {
  exec: (sockets) => {
    for (const socket of sockets) socket.end();
  },
  attach: (sockets) => {
    for (const socket of sockets) socket.destroy();
  },
  'port-forward': () => {
    for (const socket of kubelet.open) socket.destroy();
  },
};

it.each(['exec', 'attach', 'port-forward'] as const)(
  '%s',
  async (kind) => {
    const files = await openFiles();
    const sockets = await openStreams(paths[kind]);
    expect([await running(), kubelet.open.size]).toEqual([streams, streams]);
    const same = await Promise.all(sockets.map(echo));
    expect(server.residentMegabytes()).toBeLessThan(atRest + streams * perStream);
    expect(same.filter((good) => !good)).toEqual([]);
    ends[kind](sockets);
    await eventually(async () => {
      expect([await running(), kubelet.open.size]).toEqual([0, 0]);
      expect(await openFiles()).toBeLessThanOrEqual(files + 2);
    });
    for (const socket of sockets) socket.destroy();
  },
  400_000,
);
