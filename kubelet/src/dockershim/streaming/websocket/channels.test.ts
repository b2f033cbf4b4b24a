import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { endAll } from '../remote-streams.js';
import { acceptWebSocket, type UpgradeRequest } from './accept.js';
import { type Channels, openChannels } from './channels.js';

const protocol = 'v5.channel.k8s.io';
const server = createServer();

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  jest.useRealTimers();
  server.close();
});

function nextUpgrade(): Promise<UpgradeRequest> {
  return new Promise((resolve) => {
    server.once('upgrade', (request, socket: Duplex, head: Buffer) => resolve({ request, socket, head }));
  });
}

/** Both ends of a connection. */
async function connect(): Promise<{ client: WebSocket; channels: Channels }> {
  const upgrade = nextUpgrade();
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, protocol);
  const accepted = await acceptWebSocket(await upgrade, [protocol], protocol);
  if (!accepted) throw new Error('refused');
  await new Promise((resolve) => client.once('open', resolve));
  return { client, channels: openChannels(accepted, { base64: false, closeChannel: true }) };
}

test('the end of the stream follows the closing message, whatever the client says to it', async () => {
  const upgrade = nextUpgrade();
  const { port } = server.address() as AddressInfo;
  const client = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true });
  const received: Buffer[] = [];
  client.on('data', (data: Buffer) => received.push(data));
  const ended = once(client, 'end');
  client.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const accepted = await acceptWebSocket(await upgrade, [protocol], protocol);
  if (!accepted) throw new Error('refused');
  openChannels(accepted, { base64: false, closeChannel: true }).close();
  await ended;
  expect(Buffer.concat(received).subarray(-4)).toEqual(Buffer.from([0x88, 2, 3, 0xe8]));
  client.destroy();
});

test('a client that reads slowly gets everything that was written before the end', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
  const { client, channels } = await connect();
  let received = 0;
  client.on('message', (data: Buffer) => {
    received += data.length - 1;
  });
  const closed = new Promise<number>((resolve) => client.once('close', resolve));
  client.on('error', () => undefined);
  client.pause();
  const writer = channels.writer(1);
  for (let count = 0; count < 600; count++) writer.write(Buffer.alloc(1000));
  await endAll(writer);
  channels.close();
  jest.advanceTimersByTime(10 * 60_000);
  // What it says in the meantime must not make the server's end of the connection forget the rest.
  await new Promise<void>((resolve) => client.ping('', undefined, () => resolve()));
  client.resume();
  expect(await closed).toBe(1000);
  expect(received).toBe(600_000);
});

test('a client that neither reads nor leaves is cut off in the end', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
  const { client, channels } = await connect();
  client.pause();
  const gone = new Promise((resolve) => channels.closed.addEventListener('abort', resolve));
  channels.close();
  jest.advanceTimersByTime(16 * 60_000);
  await gone;
  client.terminate();
});
