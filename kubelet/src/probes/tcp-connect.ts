import { connect } from 'node:net';
import { dialError } from './http-get.js';

/** Opens and closes a connection. Rejects with Go's words. */
export function tcpConnect(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`dial tcp ${host.includes(':') ? `[${host}]` : host}:${port}: i/o timeout`));
    }, timeoutMs);
    socket.on('connect', () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(dialError(error, host, port)));
    });
  });
}
