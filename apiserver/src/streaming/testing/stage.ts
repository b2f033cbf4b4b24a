/** What the tests of connected subresources have in common: a kubelet that answers as it is told, and a server with one subresource in front of it. */
import { createServer, request as httpRequest, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { internalError, StatusError } from '@kubelab/apimachinery/status-error';
import { type Issued, issueCertificate } from '../../authentication/test-certificates.js';
import { MemoryObjects } from '../../authorization/memory-objects.js';
import type { AdmissionPlugin, ConnectHandler, RequestContext } from '../../contracts.js';
import { createStreaming, type Streaming, type StreamingOptions } from '../streaming.js';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

interface Stage {
  /** Signs the kubelet's certificate. */
  ca: Issued;
  /** How the kubelet answers. */
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** What reached the kubelet since the test began. */
  seen: { url: string; method: string; client: string; headers: IncomingMessage['headers'] }[];
  /** What the server in front answers with. */
  handler: ConnectHandler;
  context: RequestContext;
}

/** Of one test file: each has modules of its own. */
export const stage = {} as Stage;

let kubelet: TlsServer;
let kubeletPort: number;
let front: Server;
const frontSockets = new Set<Socket>();

/** Starts kubelet and server for a test file's tests. */
export function useStage(): void {
  beforeAll(async () => {
    stage.ca = await issueCertificate({ subject: 'CN=ca', ca: true });
    const serving = await issueCertificate({
      subject: 'CN=node',
      usage: 'server',
      issuer: stage.ca,
      addresses: ['127.0.0.1'],
    });
    kubelet = createTlsServer({
      cert: serving.cert,
      key: serving.key,
      ca: stage.ca.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const record = (request: IncomingMessage): void => {
      const { subject } = (
        request.socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } }
      ).getPeerCertificate();
      stage.seen.push({
        url: request.url ?? '',
        method: request.method ?? '',
        client: subject?.CN ?? '',
        headers: request.headers,
      });
    };
    kubelet.on('request', (request, response) => {
      record(request);
      stage.onRequest(request, response);
    });
    kubelet.on('upgrade', (request, socket, head) => {
      record(request);
      stage.onUpgrade(request, socket, head);
    });
    await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
    kubeletPort = (kubelet.address() as AddressInfo).port;
    front = createFront();
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => {
    for (const socket of frontSockets) socket.destroy();
    kubelet.closeAllConnections();
    kubelet.close();
    front.close();
  });

  beforeEach(() => {
    stage.seen = [];
  });
}

/** Stands in for the pipeline: errors become Status answers. */
function createFront(): Server {
  const fail = (response: ServerResponse, error: unknown): void => {
    const status = error instanceof StatusError ? error : internalError(error);
    response
      .writeHead(status.code, { 'content-type': 'application/json', connection: 'close' })
      .end(JSON.stringify(status.toStatus()));
  };
  const server = createServer((request, response) => {
    stage.handler.handle(stage.context, request, response).catch((error: unknown) => fail(response, error));
  });
  server.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    (stage.handler.upgrade?.(stage.context, request, socket, head) ?? Promise.resolve()).catch((error: unknown) =>
      fail(response, error),
    );
  });
  server.on('connection', (socket) => {
    frontSockets.add(socket);
    socket.once('close', () => frontSockets.delete(socket));
  });
  return server;
}

export function setUp(
  options: {
    pod?: object;
    credentials?: StreamingOptions['kubeletCredentials'];
    admission?: AdmissionPlugin[];
    port?: number;
  } = {},
): Streaming & { objects: MemoryObjects } {
  const objects = new MemoryObjects();
  const spec = { nodeName: 'n1', containers: [{ name: 'a' }] };
  objects.put('pods', { metadata: { namespace: 'default', name: 'web' }, spec: { ...spec, ...options.pod } });
  objects.put('nodes', {
    metadata: { name: 'n1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'not-this-one' },
        { type: 'InternalIP', address: '127.0.0.1' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: options.port ?? kubeletPort } },
    },
  });
  const streaming = createStreaming({
    objects,
    admission: options.admission ?? [],
    kubeletCredentials: options.credentials ?? { ca: stage.ca.cert },
    preferredAddressTypes: ['InternalIP'],
    definitionOf: (plural) => ({ group: '', plural }) as ResourceDefinition,
  });
  return { ...streaming, objects };
}

/** Points the front server at one subresource. */
export function serve(streaming: Streaming, key: string, url: string, name = 'web'): void {
  stage.handler = streaming.handlers.get(key) as ConnectHandler;
  const [, subresource = ''] = key.split('/');
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const info = {
    namespace: 'default',
    name,
    resource: key.split('/')[0],
    subresource,
    verb: 'get',
    path: url.split('?')[0],
    rest: '',
  };
  stage.context = {
    info,
    query,
    user: { name: 'jane', groups: [] },
    warn: () => undefined,
  } as unknown as RequestContext;
}

export function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const port = frontPort();
    const outgoing = httpRequest(
      { port, host: '127.0.0.1', path, agent: false, method: options.method ?? 'GET', headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

export const messageOf = ({ body }: Answer): string => (JSON.parse(body.toString()) as { message: string }).message;

/** Of the server in front. */
export function frontPort(): number {
  return (front.address() as AddressInfo).port;
}

/** Writes a raw upgrade request and gives the socket together with what came back up to the end of the head. */
export function upgrade(
  path: string,
  lines: string[],
  method = 'POST',
): Promise<{ socket: Socket; head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    const port = frontPort();
    const socket = connect(port, '127.0.0.1', () => {
      socket.write([`${method} ${path} HTTP/1.1`, 'Host: api', 'Connection: Upgrade', ...lines, '', ''].join('\r\n'));
    });
    let received: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      resolve({ socket, head: received.subarray(0, end).toString(), rest: received.subarray(end + 4) });
    };
    socket.on('data', onData);
    socket.on('error', reject);
  });
}

export function readUntil(socket: Socket, length: number, start: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  return new Promise((resolve) => {
    let received: Buffer = start;
    const check = (): void => {
      if (received.length >= length) resolve(received);
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      check();
    });
    check();
  });
}
