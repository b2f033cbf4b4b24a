/** The sockets: UDP and TCP on the same port. */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@kubelab/component/logger';
import type { Responder } from './responder.js';

export interface DnsListeners {
  port: number;
  close(): Promise<void>;
}

const idleMs = 10_000;
const maxConnections = 1000;

export async function listen(options: {
  address: string;
  port: number;
  responder: Responder;
  logger: Logger;
}): Promise<DnsListeners> {
  const { address, responder, logger } = options;
  const tcp = createServer((socket) => serveTcp(socket, responder, logger));
  tcp.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(options.port, address, resolve);
  });
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  udp.on('message', (message, peer) => {
    responder
      .respond(message, 'udp')
      .then((bytes) => bytes && udp.send(bytes, peer.port, peer.address))
      .catch((error: unknown) => logger.error('Query failed', { error, peer: peer.address }));
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, address, resolve);
  });
  udp.on('error', (error) => logger.warn('UDP socket error', { error }));
  return { port, close: () => close(udp, tcp) };
}

async function close(udp: UdpSocket, tcp: Server): Promise<void> {
  await Promise.all([
    new Promise<void>((resolve) => udp.close(resolve)),
    new Promise<void>((resolve) => tcp.close(() => resolve())),
  ]);
}

function serveTcp(socket: Socket, responder: Responder, logger: Logger): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', (error) => logger.debug('TCP client went away', { error }));
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= pending.readUInt16BE(0) + 2) {
      const size = pending.readUInt16BE(0);
      const message = pending.subarray(2, size + 2);
      pending = pending.subarray(size + 2);
      responder
        .respond(message, 'tcp')
        .then((bytes) => bytes && socket.write(frame(bytes)))
        .catch((error: unknown) => logger.error('Query failed', { error }));
    }
  });
}

function frame(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
