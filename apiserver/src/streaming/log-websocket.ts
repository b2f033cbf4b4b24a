/** A container's log as messages of a WebSocket, as browsers read it. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest } from '@kubelab/apimachinery/status-error';
import { type WebSocket, WebSocketServer } from 'ws';

/** Sub-protocols, and how each sends bytes; '' for a client that names none. */
const encodings = {
  '': (bytes: Buffer): Buffer | string => bytes,
  'binary.k8s.io': (bytes: Buffer): Buffer | string => bytes,
  'base64.binary.k8s.io': (bytes: Buffer): Buffer | string => bytes.toString('base64'),
} as const;

export type LogProtocol = keyof typeof encodings;

/** The client's first sub-protocol that there is. Throws StatusError 400 when it names only others. */
export function chooseProtocol({ headers }: IncomingMessage): LogProtocol {
  const names = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const known = names.find((name): name is LogProtocol => Object.hasOwn(encodings, name));
  if (known === undefined) throw badRequest(`websocket: unsupported protocols: ${names.join(', ')}`);
  return known;
}

export interface LogUpgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  protocol: LogProtocol;
}

/** Sends the log to its end, which closes the connection. Resolves when either side has gone. */
export async function sendOverWebSocket(upgrade: LogUpgrade, log: IncomingMessage | undefined): Promise<void> {
  const client = await accept(upgrade);
  const encode = encodings[upgrade.protocol];
  client.on('error', () => client.terminate());
  client.once('close', () => log?.destroy());
  try {
    // An empty message first: clients learn that the log is open before there is a line.
    await send(client, encode(Buffer.alloc(0)));
    for await (const bytes of (log ?? []) as AsyncIterable<Buffer>) await send(client, encode(bytes));
    client.close(1000);
  } catch {
    // The log broke off, or the client has gone: a cut connection tells either side.
    client.terminate();
  }
}

function accept({ request, socket, head, protocol }: LogUpgrade): Promise<WebSocket> {
  const handleProtocols = (): string | false => (protocol === '' ? false : protocol);
  const server = new WebSocketServer({ noServer: true, handleProtocols });
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve));
}

/** Resolves when the message is on its way: a client that reads slowly holds the log up. */
function send(client: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => client.send(message, (error) => (error ? reject(error) : resolve())));
}
