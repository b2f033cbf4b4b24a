/** Many TLS connections at a time, as cheap as they can be: the server is what is put under load, not the test. */

import { connect, createSecureContext, type TLSSocket } from 'node:tls';

export interface CrowdOptions {
  port: number;
  ca: string;
  cert?: string;
  key?: string;
  /** Called with each connection once it is open: the server gives it half a minute to begin a request, and all of them may take longer. */
  onOpen?: (socket: TLSSocket) => void;
}

/** Handshakes at the same time: below what the server's backlog takes. */
const openAtOnce = 100;

/** Resolves when all have been greeted; rejects with the first that is not. */
export async function openCrowd(count: number, { port, onOpen, ...credentials }: CrowdOptions): Promise<TLSSocket[]> {
  const secureContext = createSecureContext(credentials);
  const sockets: TLSSocket[] = [];
  const open = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, secureContext });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        // A connection that is cut shows as its end, too.
        socket.on('error', () => undefined);
        onOpen?.(socket);
        resolve(socket);
      });
    });
  while (sockets.length < count) {
    const some = Math.min(openAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, open))));
  }
  return sockets;
}
