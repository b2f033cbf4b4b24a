import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Headers that belong to the connection to the kubelet, not to the streaming server behind it. */
const ownHeaders = new Set(['host', 'authorization']);

/**
 * Hands an upgraded connection to the runtime's streaming server and passes bytes both ways, whatever protocol they speak. Resolves when either side
 * has closed; rejects when the streaming server cannot be reached.
 */
export function passThrough(request: IncomingMessage, client: Duplex, head: Buffer, url: string): Promise<void> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    // Either side may say that it has no more to send and go on reading.
    const upstream = connect({ host: target.hostname, port: Number(target.port || 80), allowHalfOpen: true });
    let connected = false;
    upstream.on('connect', () => {
      connected = true;
      upstream.setNoDelay(true);
      upstream.write(requestHead(request, target));
      if (head.length > 0) upstream.write(head);
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.on('error', (error) => {
      if (connected) client.destroy();
      else reject(error);
    });
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      client.end();
      resolve();
    });
  });
}

function requestHead(request: IncomingMessage, target: URL): string {
  const lines = [`${request.method ?? 'GET'} ${target.pathname}${target.search} HTTP/1.1`, `Host: ${target.host}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] as string;
    if (!ownHeaders.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
