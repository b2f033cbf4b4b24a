import { createServer, request as httpRequest, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { forbidden, internalError, StatusError } from '@kubelab/apimachinery/status-error';
import { WebSocket } from 'ws';
import { type Issued, issueCertificate } from '../authentication/test-certificates.js';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { AdmissionPlugin, ConnectHandler, RequestContext } from '../contracts.js';
import { BackendPool } from './backend.js';
import { isGlobalUnicast } from './kubelet-locator.js';
import { createProxyHandler } from './proxy.js';
import { createStreaming, type Streaming, type StreamingOptions } from './streaming.js';

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

let ca: Issued;
let kubelet: TlsServer;
let kubeletPort: number;
let onRequest: (request: IncomingMessage, response: ServerResponse) => void;
let onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
let seen: { url: string; method: string; client: string; headers: IncomingMessage['headers'] }[] = [];

let front: Server;
let handler: ConnectHandler;
let context: RequestContext;
const frontSockets = new Set<Socket>();

beforeAll(async () => {
  ca = await issueCertificate({ subject: 'CN=ca', ca: true });
  const serving = await issueCertificate({ subject: 'CN=node', usage: 'server', issuer: ca, addresses: ['127.0.0.1'] });
  kubelet = createTlsServer({
    cert: serving.cert,
    key: serving.key,
    ca: ca.cert,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const record = (request: IncomingMessage): void => {
    const { subject } = (
      request.socket as unknown as { getPeerCertificate(): { subject?: { CN?: string } } }
    ).getPeerCertificate();
    seen.push({
      url: request.url ?? '',
      method: request.method ?? '',
      client: subject?.CN ?? '',
      headers: request.headers,
    });
  };
  kubelet.on('request', (request, response) => {
    record(request);
    onRequest(request, response);
  });
  kubelet.on('upgrade', (request, socket, head) => {
    record(request);
    onUpgrade(request, socket, head);
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
  seen = [];
});

/** Stands in for the pipeline: errors become Status answers. */
function createFront(): Server {
  const fail = (response: ServerResponse, error: unknown): void => {
    const status = error instanceof StatusError ? error : internalError(error);
    response
      .writeHead(status.code, { 'content-type': 'application/json', connection: 'close' })
      .end(JSON.stringify(status.toStatus()));
  };
  const server = createServer((request, response) => {
    handler.handle(context, request, response).catch((error: unknown) => fail(response, error));
  });
  server.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    (handler.upgrade?.(context, request, socket, head) ?? Promise.resolve()).catch((error: unknown) =>
      fail(response, error),
    );
  });
  server.on('connection', (socket) => {
    frontSockets.add(socket);
    socket.once('close', () => frontSockets.delete(socket));
  });
  return server;
}

function setUp(
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
    kubeletCredentials: options.credentials ?? { ca: ca.cert },
    preferredAddressTypes: ['InternalIP'],
    definitionOf: (plural) => ({ group: '', plural }) as ResourceDefinition,
  });
  return { ...streaming, objects };
}

/** Points the front server at one subresource. */
function serve(streaming: Streaming, key: string, url: string, name = 'web'): void {
  handler = streaming.handlers.get(key) as ConnectHandler;
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
  context = { info, query, user: { name: 'jane', groups: [] }, warn: () => undefined } as unknown as RequestContext;
}

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = front.address() as AddressInfo;
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

const messageOf = ({ body }: Answer): string => (JSON.parse(body.toString()) as { message: string }).message;

describe('pods/log', () => {
  const get = async (query = '', streaming = setUp()): Promise<Answer> => {
    const url = `/api/v1/namespaces/default/pods/web/log${query}`;
    serve(streaming, 'pods/log', url);
    return ask(url).finally(() => streaming.close());
  };

  test('passes all options on, with the server’s own certificate', async () => {
    onRequest = (_request, response) => void response.end('line\n');
    const client = await issueCertificate({ subject: 'CN=kube-apiserver-kubelet-client', issuer: ca });
    const streaming = setUp({ credentials: { ca: ca.cert, cert: client.cert, key: client.key } });
    const answer = await get(
      '?follow=true&previous=1&timestamps=true&tailLines=5&limitBytes=10&sinceSeconds=3&pretty=true',
      streaming,
    );
    expect(answer.body.toString()).toBe('line\n');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(seen[0]).toMatchObject({
      url: '/containerLogs/default/web/a?follow=true&previous=true&timestamps=true&tailLines=5&limitBytes=10&sinceSeconds=3',
      client: 'kube-apiserver-kubelet-client',
    });
  });

  test('streams as lines come, and ends the kubelet’s side when the client goes', async () => {
    let gone: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    onRequest = (_request, response) => {
      response.write('first\n');
      response.on('close', gone);
    };
    const url = '/api/v1/namespaces/default/pods/web/log?follow=true';
    const streaming = setUp();
    serve(streaming, 'pods/log', url);
    const first = await new Promise<string>((resolve, reject) => {
      const { port } = front.address() as AddressInfo;
      const outgoing = httpRequest({ port, host: '127.0.0.1', path: url, agent: false }, (response) => {
        response.once('data', (chunk: Buffer) => {
          resolve(chunk.toString());
          outgoing.destroy();
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(first).toBe('first\n');
    await ended;
    streaming.close();
  });

  test.each<[number, number, string]>([
    [400, 400, 'container "a" in pod "web" is waiting to start: ContainerCreating'],
    [500, 500, 'Internal error occurred: container "a" in pod "web" is waiting to start: ContainerCreating'],
    [404, 404, 'the server could not find the requested resource (pods/log web)'],
  ])('a kubelet’s %i is told as a Status', async (given, status, message) => {
    onRequest = (_request, response) =>
      void response.writeHead(given).end('container "a" in pod "web" is waiting to start: ContainerCreating\n');
    const answer = await get();
    expect([answer.status, messageOf(answer)]).toEqual([status, message]);
  });

  /** What a WebSocket client of these sub-protocols receives until the connection is closed. */
  const receive = async (protocols: string[]): Promise<(string | Buffer)[]> => {
    const url = '/api/v1/namespaces/default/pods/web/log?container=a';
    const streaming = setUp();
    serve(streaming, 'pods/log', url);
    const client = new WebSocket(`ws://127.0.0.1:${(front.address() as AddressInfo).port}${url}`, protocols);
    const messages: (string | Buffer)[] = [];
    client.on('message', (data, isBinary) => void messages.push(isBinary ? (data as Buffer) : data.toString()));
    try {
      await new Promise((resolve, reject) => client.once('close', resolve).once('error', reject));
    } finally {
      streaming.close();
    }
    return messages;
  };

  test.each<[string[], (string | Buffer)[]]>([
    [[], [Buffer.alloc(0), Buffer.from('line\n')]],
    [['binary.k8s.io'], [Buffer.alloc(0), Buffer.from('line\n')]],
    [
      ['other', 'base64.binary.k8s.io'],
      ['', 'bGluZQo='],
    ],
  ])('goes through a WebSocket with the sub-protocols %j', async (protocols, expected) => {
    onRequest = (_request, response) => void response.end('line\n');
    expect(await receive(protocols)).toEqual(expected);
    expect(seen[0]?.url).toBe('/containerLogs/default/web/a');
  });

  test('a WebSocket is refused where the log is, or when it speaks something else', async () => {
    onRequest = (_request, response) => void response.writeHead(400).end('no log\n');
    await expect(receive([])).rejects.toThrow('400');
    await expect(receive(['other'])).rejects.toThrow('400');
  });

  test('a pod without a node has written nothing', async () => {
    expect((await get('', setUp({ pod: { nodeName: '' } }))).status).toBe(204);
  });

  test.each<[string, object, string]>([
    [
      '',
      { containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] },
      'a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]',
    ],
    ['?container=x', {}, 'container x is not valid for pod web'],
  ])('containers are named (%s)', async (query, pod, message) => {
    const answer = await get(query, setUp({ pod }));
    expect([answer.status, messageOf(answer)]).toEqual([400, message]);
  });

  test.each([
    ['?tailLines=-1', 422, 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['?limitBytes=0', 422, 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['?tailLines=many', 400, 'invalid syntax'],
    ['?sinceTime=yesterday', 400, 'cannot parse'],
    [
      '?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
      422,
      'at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
  ])('%s is refused', async (query, status, message) => {
    const answer = await get(query);
    expect(answer.status).toBe(status);
    expect(messageOf(answer)).toContain(message);
  });

  test('a kubelet that is away, or not who it should be, is 500', async () => {
    const away = await get('', setUp({ port: 1 }));
    expect(away.status).toBe(500);
    expect(messageOf(away)).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
    const other = await issueCertificate({ subject: 'CN=other', ca: true });
    const stranger = await get('', setUp({ credentials: { ca: other.cert } }));
    expect(stranger.status).toBe(500);
    expect(seen).toEqual([]);
  });

  test('an unknown pod is 404', async () => {
    const streaming = setUp();
    serve(streaming, 'pods/log', '/x', 'gone');
    expect(messageOf(await ask('/x'))).toBe('pods "gone" not found');
    streaming.close();
  });
});

/** Writes a raw upgrade request and gives the socket together with what came back up to the end of the head. */
function upgrade(
  path: string,
  lines: string[],
  method = 'POST',
): Promise<{ socket: Socket; head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    const { port } = front.address() as AddressInfo;
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

function readUntil(socket: Socket, length: number, start: Buffer = Buffer.alloc(0)): Promise<Buffer> {
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

describe('pods/exec, attach and portforward', () => {
  const spdy = [
    'Upgrade: SPDY/3.1',
    'X-Stream-Protocol-Version: v4.channel.k8s.io',
    'X-Stream-Protocol-Version: v3.channel.k8s.io',
    'Content-Length: 0',
  ];
  const accept = (socket: Duplex, protocol: string): void => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n`,
    );
  };

  test('bytes go both ways untouched, a megabyte and every value', async () => {
    const payload = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => index % 256));
    onUpgrade = (_request, socket, head) => {
      accept(socket, 'SPDY/3.1');
      socket.write(head);
      socket.pipe(socket);
    };
    const streaming = setUp();
    const url = '/x?command=sh&command=-c&command=echo%20%26&stdin=true&stdout=1&stderr=false&tty=true&container=a';
    serve(streaming, 'pods/exec', url);
    const { socket, head, rest } = await upgrade(url, spdy);
    expect(head).toContain('HTTP/1.1 101 Switching Protocols');
    expect(head).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io');
    expect(seen[0]?.url).toBe('/exec/default/web/a?input=1&output=1&tty=1&command=sh&command=-c&command=echo+%26');
    expect(seen[0]?.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io, v3.channel.k8s.io');
    expect(seen[0]?.headers.authorization).toBeUndefined();
    socket.write(payload);
    expect((await readUntil(socket, payload.length, rest)).equals(payload)).toBe(true);
    socket.destroy();
    streaming.close();
  });

  test('a request with chunked encoding brings nothing into the stream', async () => {
    onUpgrade = (_request, socket, head) => {
      accept(socket, 'SPDY/3.1');
      socket.end(`head:${head.length}`);
    };
    const streaming = setUp();
    serve(streaming, 'pods/attach', '/x?stdout=true');
    const { socket, rest } = await upgrade('/x?stdout=true', ['Upgrade: SPDY/3.1']);
    expect((await readUntil(socket, 6, rest)).toString()).toBe('head:0');
    expect(seen[0]?.url).toBe('/attach/default/web/a?output=1');
    streaming.close();
  });

  test('WebSockets pass with their protocols', async () => {
    onUpgrade = (request, socket) => {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: ${request.headers['sec-websocket-protocol']}\r\n\r\n`,
      );
    };
    const streaming = setUp();
    serve(streaming, 'pods/portforward', '/x?ports=80&ports=443');
    const lines = [
      'Upgrade: websocket',
      'Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io',
      'Sec-WebSocket-Key: k',
      'Sec-WebSocket-Version: 13',
    ];
    const { head, socket } = await upgrade('/x?ports=80&ports=443', lines, 'GET');
    expect(head).toContain('Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io');
    expect(seen[0]).toMatchObject({ url: '/portForward/default/web?port=80&port=443', method: 'GET' });
    socket.destroy();
    streaming.close();
  });

  test('the kubelet’s refusal is passed as it is and ends the connection', async () => {
    onUpgrade = (_request, socket) => {
      socket.end(
        'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\ncontainer not found ("a")'.slice(
          0,
          -1,
        ),
      );
    };
    const streaming = setUp();
    serve(streaming, 'pods/exec', '/x?command=sh');
    const { socket, head, rest } = await upgrade('/x?command=sh', spdy);
    expect(head).toContain('HTTP/1.1 404 Not Found');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect((await readUntil(socket, 24, rest)).toString()).toBe('container not found ("a"');
    await closed;
    streaming.close();
  });

  test('either side that goes takes the other along', async () => {
    const gone = new Promise<void>((resolve) => {
      onUpgrade = (_request, socket) => {
        accept(socket, 'SPDY/3.1');
        socket.on('error', () => undefined);
        socket.once('close', () => resolve());
      };
    });
    const streaming = setUp();
    serve(streaming, 'pods/exec', '/x?command=sh');
    const { socket } = await upgrade('/x?command=sh', spdy);
    socket.destroy();
    await gone;
    streaming.close();
  });

  test.each<[string, Parameters<typeof setUp>[0], string, number, string]>([
    [
      'a kubelet that is away',
      { port: 1 },
      '/x',
      500,
      'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    ['a pod without a node', { pod: { nodeName: '' } }, '/x', 400, 'pod web does not have a host assigned'],
    [
      'a container that is not there',
      {},
      '/x?container=../../pods',
      400,
      'container ../../pods is not valid for pod web',
    ],
  ])('%s is told before the upgrade', async (_what, options, url, status, message) => {
    const streaming = setUp(options);
    serve(streaming, 'pods/exec', url);
    const { socket, head, rest } = await upgrade(url, spdy);
    expect(head).toContain(`HTTP/1.1 ${status}`);
    expect((await readUntil(socket, 20, rest)).toString()).toContain(message);
    socket.destroy();
    streaming.close();
  });

  test.each(['0', '65536', 'http', '80;80', '-1'])('port %s is refused', async (port) => {
    const streaming = setUp();
    const url = `/x?ports=${encodeURIComponent(port)}`;
    serve(streaming, 'pods/portforward', url);
    expect((await ask(url, { method: 'POST' })).status).toBe(400);
    streaming.close();
  });

  test('admission can refuse a connection', async () => {
    const asked: unknown[] = [];
    const plugin: AdmissionPlugin = {
      name: 'No',
      validate: ({ operation, subresource, object }) => {
        asked.push([operation, subresource, object?.kind, object?.['command']]);
        throw forbidden({ group: '', resource: 'pods' }, 'web', 'no exec here');
      },
    };
    const streaming = setUp({ admission: [plugin] });
    serve(streaming, 'pods/exec', '/x?command=sh');
    const { head, socket } = await upgrade('/x?command=sh', spdy);
    expect(head).toContain('HTTP/1.1 403');
    expect(asked).toEqual([['CONNECT', 'exec', 'PodExecOptions', ['sh']]]);
    expect(seen).toEqual([]);
    socket.destroy();
    streaming.close();
  });
});

describe('proxies', () => {
  let backend: Server;
  let onBackend: (request: IncomingMessage, response: ServerResponse) => void;
  const prefix = '/api/v1/namespaces/default/services/web/proxy';

  beforeAll(async () => {
    backend = createServer((request, response) => onBackend(request, response));
    backend.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    backend.closeAllConnections();
    backend.close();
  });

  /** The real locators refuse loopback addresses, so these tests bring their own. */
  function serveProxy(url: string, port = (backend.address() as AddressInfo).port): BackendPool {
    const pool = new BackendPool({ tls: {} });
    const room = {
      objects: new MemoryObjects(),
      admission: [],
      definitionOf: (plural: string) => ({ group: '', plural }),
    } as never;
    serve(setUp(), 'services/proxy', url);
    handler = createProxyHandler({
      room,
      plural: 'services',
      optionsKind: 'ServiceProxyOptions',
      locate: async () => pool.backend({ secure: false, host: '127.0.0.1', port }),
    });
    return pool;
  }

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    '%s passes with body, query, escapes and status',
    async (method) => {
      onBackend = (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () =>
          response.writeHead(207, { 'x-got': `${request.method} ${request.url}` }).end(Buffer.concat(chunks)),
        );
      };
      const url = `${prefix}/a%2Fb/c%20d?x=1&y=%20`;
      const pool = serveProxy(url);
      const body = method === 'GET' ? '' : 'payload';
      const answer = await ask(url, { method, body, headers: { 'content-length': String(body.length) } });
      expect([answer.status, answer.headers['x-got'], answer.body.toString()]).toEqual([
        207,
        `${method} /a/b/c%20d?x=1&y=%20`,
        body,
      ]);
      pool.close();
    },
  );

  test('tells the server where it is seen, and hides hop-by-hop headers', async () => {
    let headers: IncomingMessage['headers'] = {};
    onBackend = (request, response) => {
      headers = request.headers;
      response.end();
    };
    const pool = serveProxy(`${prefix}/x`);
    await ask(`${prefix}/x`, {
      headers: {
        'x-mine': '1',
        'x-secret-hop': '1',
        'x-forwarded-for': '10.9.8.7',
        host: 'api.example',
        connection: 'close, x-secret-hop',
        te: 'trailers',
      },
    });
    expect(headers).toMatchObject({
      'x-mine': '1',
      'x-forwarded-uri': `${prefix}/x`,
      'x-forwarded-for': '10.9.8.7, 127.0.0.1',
      host: 'api.example',
    });
    expect(headers['x-secret-hop']).toBeUndefined();
    expect(headers['te']).toBeUndefined();
    pool.close();
  });

  test('the bare path is sent to the one with a slash', async () => {
    const pool = serveProxy(`${prefix}?a=b`);
    const answer = await ask(`${prefix}?a=b`);
    expect([answer.status, answer.headers.location]).toEqual([301, `${prefix}/?a=b`]);
    pool.close();
  });

  test('links and redirects lead through the proxy again', async () => {
    onBackend = (request, response) => {
      if (request.url === '/old') return void response.writeHead(302, { location: '/new' }).end();
      const html =
        '<a href="/a">x</a><img src=/b.png><a href="rel">y</a><a href="https://other/z">z</a><p title="/no">/text</p>';
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip' })
        .end(gzipSync(html));
    };
    const pool = serveProxy(`${prefix}/`);
    const answer = await ask(`${prefix}/`);
    expect(gunzipSync(answer.body).toString()).toBe(
      `<a href="${prefix}/a">x</a><img src=${prefix}/b.png><a href="rel">y</a><a href="https://other/z">z</a><p title="/no">/text</p>`,
    );
    expect((await ask(`${prefix}/old`)).headers.location).toBe(`${prefix}/new`);
    pool.close();
  });

  test('what the server tells other origins does not reach the client', async () => {
    onBackend = (_request, response) => {
      const allow = { 'Access-Control-Allow-Origin': '*', 'access-control-allow-credentials': 'true' };
      response.writeHead(200, { ...allow, 'x-kept': '1' }).end();
    };
    const pool = serveProxy(`${prefix}/x`);
    const { headers } = await ask(`${prefix}/x`);
    expect(headers['x-kept']).toBe('1');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    pool.close();
  });

  test('a tag that comes in pieces is rewritten, and other bytes are left alone', async () => {
    const odd = Buffer.from([0xff, 0xfe, 0x3c, 0x20, 0xe4]);
    onBackend = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write('<a hr');
      setImmediate(() => response.end(Buffer.concat([Buffer.from('ef="/a">'), odd])));
    };
    const pool = serveProxy(`${prefix}/`);
    const { body } = await ask(`${prefix}/`);
    expect(body.equals(Buffer.concat([Buffer.from(`<a href="${prefix}/a">`), odd]))).toBe(true);
    pool.close();
  });

  test('upgrades pass', async () => {
    const pool = serveProxy(`${prefix}/ws`);
    const { socket, head, rest } = await upgrade(`${prefix}/ws`, ['Upgrade: echo'], 'GET');
    expect(head).toContain('101');
    socket.write('hello');
    expect((await readUntil(socket, 5, rest)).toString()).toBe('hello');
    socket.destroy();
    pool.close();
  });

  test.each<[string, (port: number) => number, number, string]>([
    ['an answer instead of an upgrade', (port) => port, 500, 'invalid upgrade response: status code 200'],
    ['a server that is away', () => 1, 500, 'error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused'],
  ])('%s is an error before the upgrade', async (_what, port, status, message) => {
    onBackend = (_request, response) => void response.end('hello');
    const plain = createServer((request, response) => onBackend(request, response));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const pool = serveProxy(`${prefix}/ws`, port((plain.address() as AddressInfo).port));
    const { socket, head, rest } = await upgrade(`${prefix}/ws`, ['Upgrade: echo'], 'GET');
    expect(head).toContain(`HTTP/1.1 ${status}`);
    expect((await readUntil(socket, 20, rest)).toString()).toContain(message);
    socket.destroy();
    pool.close();
    plain.close();
  });

  test('a server that is away is 503', async () => {
    const pool = serveProxy(`${prefix}/x`, 1);
    const answer = await ask(`${prefix}/x`);
    expect([answer.status, messageOf(answer)]).toEqual([
      503,
      'error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused',
    ]);
    pool.close();
  });

  test('a body that breaks off breaks off at the client too', async () => {
    onBackend = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    };
    const pool = serveProxy(`${prefix}/x`);
    await expect(ask(`${prefix}/x`)).rejects.toThrow();
    pool.close();
  });

  test.each<[string, string, object, number, string]>([
    ['pods/proxy', 'web', { status: { podIP: '127.0.0.1' } }, 400, 'address not allowed'],
    ['pods/proxy', 'web', { status: { podIP: '169.254.169.254' } }, 400, 'address not allowed'],
    ['pods/proxy', 'a:b:c:d', {}, 400, 'invalid pod request "a:b:c:d"'],
    ['pods/proxy', 'ftp:web:21', {}, 400, 'invalid pod request "ftp:web:21"'],
    ['pods/proxy', 'gone', {}, 404, 'pods "gone" not found'],
    ['services/proxy', 'gone', {}, 404, 'endpoints "gone" not found'],
    ['services/proxy', 'gone:80', {}, 404, 'services "gone" not found'],
    ['services/proxy', ':80', {}, 400, 'invalid service request ":80"'],
    ['nodes/proxy', 'gone', {}, 404, 'nodes "gone" not found'],
    ['nodes/proxy', 'n1:99', {}, 400, 'address not allowed'],
  ])('%s of %s: %j', async (key, name, pod, status, message) => {
    const streaming = setUp();
    streaming.objects.put('pods', {
      metadata: { namespace: 'default', name: 'web' },
      spec: { containers: [] },
      ...pod,
    });
    serve(streaming, key, '/x', name);
    const answer = await ask('/x');
    expect([answer.status, messageOf(answer)]).toEqual([status, message]);
    streaming.close();
  });

  test.each<[string, object[] | undefined, string]>([
    ['web', [], 'no endpoints available for service "web"'],
    ['https:web:http', [], 'no endpoints available for service "web"'],
    ['web:9999', [], 'no service port 9999 found for service "web"'],
    // An unnamed port is not the one that has a name; nor is an address of nothing, of another namespace or of another pod.
    [
      'web',
      [{ ip: '10.0.0.1', targetRef: { name: 'web-1', namespace: 'default' } }],
      'no endpoints available for service "web"',
    ],
    ['web:http', [{ ip: '10.0.0.1' }], 'no endpoints available for service "web:http"'],
    [
      'web:80',
      [{ ip: '10.0.0.1', targetRef: { name: 'web-1', namespace: 'other' } }],
      'no endpoints available for service "web:80"',
    ],
    [
      'web:80',
      [{ ip: '10.0.0.2', targetRef: { name: 'web-1', namespace: 'default' } }],
      'no endpoints available for service "web:80"',
    ],
  ])('service %s with endpoints %j: %s', async (name, addresses, message) => {
    const streaming = setUp();
    const metadata = { namespace: 'default', name: 'web' };
    streaming.objects.put('services', { metadata, spec: { ports: [{ name: 'http', port: 80 }] } });
    streaming.objects.put('pods', {
      metadata: { namespace: 'default', name: 'web-1' },
      status: { podIPs: [{ ip: '10.0.0.1' }] },
    });
    const subset = { addresses, ports: [{ name: 'http', port: 8080 }] };
    streaming.objects.put('endpoints', { metadata, subsets: addresses?.length ? [subset] : [] });
    serve(streaming, 'services/proxy', '/x', name);
    expect(messageOf(await ask('/x'))).toBe(message);
    streaming.close();
  });

  test('the kubelet is reached as a node’s own proxy', async () => {
    onRequest = (request, response) => void response.end(request.url);
    const streaming = setUp();
    const url = '/api/v1/nodes/n1/proxy/stats/summary?x=1';
    serve(streaming, 'nodes/proxy', url, 'n1');
    expect((await ask(url)).body.toString()).toBe('/stats/summary?x=1');
    streaming.close();
  });
});

test.each([
  ['10.0.0.1', true],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['169.254.169.254', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['fe80::1', false],
  ['2001:db8::1', true],
  ['', false],
  ['localhost', false],
])('%s may be proxied to: %s', (address, expected) => {
  expect(isGlobalUnicast(address)).toBe(expected);
});
