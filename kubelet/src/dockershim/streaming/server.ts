/** The HTTP server behind the URLs of Exec, Attach and PortForward. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { PortForwarder } from './port-forwarder.js';
import type { RemoteCommand, StreamSelection } from './remote-streams.js';
import { serveSpdyPortForward } from './spdy/port-forward.js';
import { serveSpdyCommand } from './spdy/remote-command.js';
import { isSpdyUpgrade } from './spdy/upgrade.js';
import { Tokens } from './tokens.js';
import { isWebSocketUpgrade } from './websocket/accept.js';
import { serveWebSocketPortForward } from './websocket/port-forward.js';
import { serveWebSocketCommand } from './websocket/remote-command.js';

export type StreamingRequest =
  | { kind: 'exec' | 'attach'; selection: StreamSelection; command: RemoteCommand }
  | { kind: 'portforward'; ports: readonly number[]; createForwarder(): PortForwarder };

export interface StreamingServerOptions {
  address: string;
  port: number;
  clock: Clock;
  logger: Logger;
}

export class StreamingServer {
  private readonly server: Server;
  private readonly tokens: Tokens<StreamingRequest>;
  private readonly sockets = new Set<Duplex>();

  constructor(private readonly options: StreamingServerOptions) {
    this.tokens = new Tokens(options.clock);
    this.server = createServer((_request, response) => {
      response.writeHead(400, { 'Content-Type': 'text/plain' });
      response.end('Upgrade request required\n');
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.upgrade(request, socket, head),
    );
  }

  async listen(): Promise<void> {
    const { address, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, address, resolve);
    });
  }

  /** The URL under which the client finds the request, once and for a minute. */
  register(request: StreamingRequest): string {
    const { address, port } = this.server.address() as AddressInfo;
    const host = address.includes(':') ? `[${address}]` : address;
    return `http://${host}:${port}/${request.kind}/${this.tokens.issue(request)}`;
  }

  /** Cuts off all clients. */
  async close(): Promise<void> {
    this.tokens.clear();
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', (error) => this.options.logger.debug('A streaming connection broke', { error }));
    const [, kind, token = ''] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
    const registered = this.tokens.redeem(token);
    if (!registered || registered.kind !== kind) {
      refuse(socket, '404 Not Found', 'no such streaming request, or its time is over\n');
      return;
    }
    this.serve({ request, socket, head }, registered).catch((error: unknown) => {
      this.options.logger.warn('A streaming request failed', { kind, error });
      socket.destroy();
    });
  }

  private async serve(
    upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer },
    what: StreamingRequest,
  ): Promise<void> {
    const { clock } = this.options;
    if (isSpdyUpgrade(upgrade.request)) {
      if (what.kind === 'portforward') await serveSpdyPortForward({ ...upgrade, clock }, what.createForwarder());
      else await serveSpdyCommand({ ...upgrade, clock }, what.selection, what.command);
    } else if (isWebSocketUpgrade(upgrade.request)) {
      if (what.kind === 'portforward')
        await serveWebSocketPortForward(upgrade, what.ports, what.createForwarder(), clock);
      else await serveWebSocketCommand(upgrade, what.selection, what.command);
    } else {
      refuse(upgrade.socket, '400 Bad Request', 'unable to upgrade: neither SPDY/3.1 nor websocket\n');
    }
  }
}

function refuse(socket: Duplex, status: string, reason: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\nConnection: close\r\n\r\n${reason}`,
  );
}
