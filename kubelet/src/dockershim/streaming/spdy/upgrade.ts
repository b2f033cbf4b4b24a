/** Switching a HTTP connection to SPDY/3.1 with one of a list of sub-protocols. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { negotiate, offersOf } from '../negotiate.js';

export function isSpdyUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'spdy/3.1';
}

/** Answers 101 and the version agreed upon, or refuses with 403 and answers undefined. A client that offers nothing gets the oldest, the last one. */
export function upgradeToSpdy<T extends string>(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  versions: readonly [...T[], T],
): T | undefined {
  const offers = offersOf(request.headers['x-stream-protocol-version']);
  const version = offers.length === 0 ? versions.at(-1) : negotiate(offers, versions);
  if (version === undefined) {
    const accepted = versions.map((known) => `X-Accepted-Stream-Protocol-Versions: ${known}\r\n`).join('');
    const reason = `unable to upgrade: unable to negotiate protocol: client supports [${offers.join(' ')}], server accepts [${versions.join(' ')}]`;
    socket.end(
      `HTTP/1.1 403 Forbidden\r\n${accepted}Content-Type: text/plain\r\nContent-Length: ${reason.length}\r\nConnection: close\r\n\r\n${reason}`,
    );
    return undefined;
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${version}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  return version;
}
