/** Passes an upgrade request on; once the backend agrees, bytes go both ways untouched. */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { unclassifiedError } from '@kubelab/apimachinery/status-error';
import { type ForwardOptions, open } from './forward-request.js';
import { responseHeaders } from './forwarded-headers.js';

export type UpgradeOptions = Pick<ForwardOptions, 'backend' | 'path' | 'headers' | 'unreachable'>;

/**
 * Resolves when the connection is over. Throws (what `unreachable` says, or that the backend answered without upgrading) only while the
 * client has not been answered. A refusal is passed as it is and ends the connection.
 */
export async function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: UpgradeOptions,
): Promise<void> {
  prepare(socket);
  // A client that has gone already will not go again.
  if (socket.destroyed) return;
  const outgoing = open({ ...options, method: request.method ?? 'GET', dedicated: true });
  const onClose = (): void => {
    outgoing.destroy();
  };
  socket.once('close', onClose);
  try {
    const answer = await negotiate(outgoing, options);
    const { statusCode = 502 } = answer.message;
    if (answer.upgraded) await relay(socket, head, answer.message, answer.upgraded);
    else if (statusCode >= 400) await passRefusal(socket, answer.message);
    else throw unclassifiedError(`invalid upgrade response: status code ${statusCode}`);
  } finally {
    socket.off('close', onClose);
  }
}

function prepare(socket: Duplex): void {
  const connection = socket as Duplex & Partial<Pick<Socket, 'setTimeout' | 'setNoDelay' | 'setKeepAlive'>>;
  connection.setTimeout?.(0);
  connection.setNoDelay?.(true);
  connection.setKeepAlive?.(true, 30_000);
  // The end of the stream is found by the relay; an unhandled error event would end the process.
  socket.on('error', () => socket.destroy());
}

interface Answer {
  message: IncomingMessage;
  upgraded?: { socket: Duplex; head: Buffer };
}

function negotiate(outgoing: ClientRequest, options: UpgradeOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('upgrade', (message, socket, head) => resolve({ message, upgraded: { socket, head } }));
    outgoing.once('response', (message) => resolve({ message }));
    outgoing.once('error', (error) => reject(options.unreachable(error)));
    outgoing.once('close', () => reject(options.unreachable(new Error('EOF'))));
    outgoing.end();
  });
}

function statusLine(message: IncomingMessage): string {
  return `HTTP/1.1 ${message.statusCode ?? 502} ${message.statusMessage ?? ''}\r\n`;
}

function headerLines(raw: readonly string[]): string {
  let lines = '';
  for (let index = 0; index + 1 < raw.length; index += 2) lines += `${raw[index]}: ${raw[index + 1]}\r\n`;
  return lines;
}

async function relay(
  client: Duplex,
  clientHead: Buffer,
  message: IncomingMessage,
  backend: { socket: Duplex; head: Buffer },
): Promise<void> {
  prepare(backend.socket);
  client.write(`${statusLine(message)}${headerLines(message.rawHeaders)}\r\n`, 'latin1');
  if (backend.head.length > 0) client.write(backend.head);
  if (clientHead.length > 0) backend.socket.write(clientHead);
  const over = Promise.all([closed(client), closed(backend.socket)]);
  client.once('close', () => backend.socket.destroy());
  backend.socket.once('close', () => endSoon(client, readingMs));
  client.pipe(backend.socket);
  backend.socket.pipe(client);
  await over;
}

const goodbyeMs = 2_000;
/** For a client that may still be reading: closing while it says anything would take from it what it has not read yet. */
const readingMs = 15 * 60_000;

/** What has been written still goes out, however slowly the client reads; then the connection goes, whether or not the client says goodbye. */
function endSoon(client: Duplex, lingerMs = goodbyeMs): void {
  if (client.destroyed) return;
  // What it says now is for nobody, but its end must be seen.
  client.resume();
  client.end(() => {
    const timer = setTimeout(() => client.destroy(), lingerMs).unref();
    client.once('close', () => clearTimeout(timer));
  });
}

function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.once('close', () => resolve());
  });
}

async function passRefusal(client: Duplex, message: IncomingMessage): Promise<void> {
  const lines = headerLines(responseHeaders(message));
  client.write(`${statusLine(message)}${lines}Connection: close\r\n\r\n`, 'latin1');
  const over = closed(client);
  message.once('error', () => client.destroy());
  message.pipe(client);
  message.once('end', () => endSoon(client));
  await over;
}
