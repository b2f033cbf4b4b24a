/**
 * Speaks the newest WebSocket protocols for a runtime that does not: upstream's API server translates them to SPDY/3.1 likewise, so that a
 * client which offers nothing older reaches every runtime.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@kubelab/component/clock';
import { createWebSocketStream } from 'ws';
import { offersOf } from '../dockershim/streaming/negotiate.js';
import { endAll, type StreamSelection } from '../dockershim/streaming/remote-streams.js';
import { SpdyConnection } from '../dockershim/streaming/spdy/connection.js';
import { acceptWebSocket, isWebSocketUpgrade, type UpgradeRequest } from '../dockershim/streaming/websocket/accept.js';
import { type Channels, openChannels } from '../dockershim/streaming/websocket/channels.js';

const command = 'v5.channel.k8s.io';
const tunnel = 'SPDY/3.1+portforward.k8s.io';
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** Whether the client asks for a protocol that only translation can give it. */
export function needsTranslation(request: IncomingMessage): boolean {
  if (!isWebSocketUpgrade(request)) return false;
  const offers = offersOf(request.headers['sec-websocket-protocol']);
  return offers.includes(command) || offers.includes(tunnel);
}

/** exec and attach. Rejects before anything was answered when the runtime cannot be reached. */
export async function translateCommand(
  upgrade: UpgradeRequest,
  url: string,
  selection: StreamSelection,
  clock: Clock,
): Promise<void> {
  const runtime = await connectSpdy(url, 'v4.channel.k8s.io');
  const accepted = await acceptWebSocket(upgrade, [command], command);
  if (!accepted) {
    runtime.destroy();
    return;
  }
  const channels = openChannels(accepted.websocket, { base64: false, closeChannel: true });
  const connection = new SpdyConnection(runtime, () => false, 'client');
  channels.closed.addEventListener('abort', () => connection.close(clock), { once: true });
  const reading = connection.run();
  await copyStreams(channels, connection, selection);
  channels.close();
  connection.close(clock);
  await reading;
}

async function copyStreams(channels: Channels, connection: SpdyConnection, selection: StreamSelection): Promise<void> {
  const open = (type: keyof typeof channel): Duplex => connection.open({ streamtype: type });
  const outputs: (keyof typeof channel)[] = ['error'];
  if (selection.stdout) outputs.push('stdout');
  if (selection.stderr && !selection.tty) outputs.push('stderr');
  const ended = outputs.map((type) => copyOut(open(type), channels, channel[type]));
  if (selection.stdin) copyIn(channels, channel.stdin, open('stdin'));
  if (selection.tty) copyIn(channels, channel.resize, open('resize'));
  await Promise.all(ended);
}

async function copyOut(stream: Duplex, channels: Channels, number: number): Promise<void> {
  const writer = channels.writer(number);
  // An empty message tells the client that the connection stands.
  if (number === channel.error) writer.write(Buffer.alloc(0));
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.pipe(writer, { end: false });
  });
  await endAll(writer);
}

/** The command may end before its input does: what is left is for nobody. */
function copyIn(channels: Channels, number: number, stream: Duplex): void {
  const reader = channels.reader(number);
  stream.once('close', () => reader.destroy());
  stream.resume();
  reader.pipe(stream);
}

/** port-forward: the messages carry SPDY already. */
export async function translatePortForward(upgrade: UpgradeRequest, url: string): Promise<void> {
  const runtime = await connectSpdy(url, 'portforward.k8s.io');
  const accepted = await acceptWebSocket(upgrade, [tunnel], tunnel);
  if (!accepted) {
    runtime.destroy();
    return;
  }
  const client = createWebSocketStream(accepted.websocket);
  const both = [pipeline(client, runtime), pipeline(runtime, client)];
  // Either side may break off at any time; that ends the other.
  await Promise.allSettled(both);
}

function connectSpdy(url: string, protocol: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      reject(new Error(`the runtime's streaming server answered ${response.statusCode} to an upgrade to SPDY/3.1`));
    });
    request.on('upgrade', (_response, socket, head) => {
      socket.setNoDelay(true);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}
