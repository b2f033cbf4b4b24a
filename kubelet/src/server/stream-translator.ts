/**
 * Speaks the newest WebSocket protocols for a runtime that does not: upstream's API server translates them to SPDY/3.1 likewise, so that a
 * client which offers nothing older reaches every runtime.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@kubelab/component/clock';
import { createWebSocketStream } from 'ws';
import { offersOf } from '../dockershim/streaming/negotiate.js';
import { endAll, type StreamSelection } from '../dockershim/streaming/remote-streams.js';
import { SpdyConnection } from '../dockershim/streaming/spdy/connection.js';
import { acceptWebSocket, isWebSocketUpgrade, type UpgradeRequest } from '../dockershim/streaming/websocket/accept.js';
import { type Channels, openChannels } from '../dockershim/streaming/websocket/channels.js';
import { passThrough } from './stream-proxy.js';

const command = 'v5.channel.k8s.io';
const tunnel = 'SPDY/3.1+portforward.k8s.io';
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/**
 * Whether the client asks for a protocol that only translation can give it. Some libraries offer for port-forward what is meant for commands,
 * next to the older protocols that the runtime speaks: the runtime chooses.
 */
function needsTranslation(request: IncomingMessage, kind: 'command' | 'portForward'): boolean {
  if (!isWebSocketUpgrade(request)) return false;
  return offersOf(request.headers['sec-websocket-protocol']).includes(kind === 'command' ? command : tunnel);
}

export interface StreamTarget {
  /** Of the runtime's streaming server, which speaks SPDY/3.1 and older WebSocket protocols. */
  url: string;
  /** Of a command; undefined for port-forward. */
  selection?: StreamSelection;
}

/** Connects a client to the runtime, in the protocol that it asks for. Rejects before anything was answered when the runtime cannot be reached. */
export async function connectStream(upgrade: UpgradeRequest, target: StreamTarget, clock: Clock): Promise<void> {
  const { url, selection } = target;
  if (!needsTranslation(upgrade.request, selection ? 'command' : 'portForward')) {
    await passThrough(upgrade.request, upgrade.socket, upgrade.head, url);
  } else if (selection) await translateCommand(upgrade, url, selection, clock);
  else await translatePortForward(upgrade, url);
}

/** exec and attach. */
async function translateCommand(
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
  const channels = openChannels(accepted, { base64: false, closeChannel: true });
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
  if (selection.stderr && !selection.tty) outputs.unshift('stderr');
  if (selection.stdout) outputs.unshift('stdout');
  const ended = outputs.map((type, index) => {
    const stream = open(type);
    const writer = channels.writer(channel[type]);
    // An empty message on the first channel tells the client that the connection stands. Not before the runtime has answered: clients up to
    // 1.33 may read what comes at once before they have a stream for it, and say so on stderr.
    if (index === 0) stream.once('accepted', () => writer.write(Buffer.alloc(0)));
    return copyOut(stream, writer);
  });
  if (selection.stdin) copyIn(channels, channel.stdin, open('stdin'));
  if (selection.tty) copyIn(channels, channel.resize, open('resize'));
  await Promise.all(ended);
}

async function copyOut(stream: Duplex, writer: Writable): Promise<void> {
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
async function translatePortForward(upgrade: UpgradeRequest, url: string): Promise<void> {
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
