import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MemoryObjects } from '../authorization/memory-objects.js';
import { BackendPool } from './backend.js';
import { createProxyHandler } from './proxy.js';
import { ask, messageOf, readUntil, serve, setUp, stage, upgrade, useStage } from './testing/stage.js';

useStage();

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
    stage.handler = createProxyHandler({
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

  test('tells the server where it is stage.seen, and hides hop-by-hop headers', async () => {
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
    stage.onRequest = (request, response) => void response.end(request.url);
    const streaming = setUp();
    const url = '/api/v1/nodes/n1/proxy/stats/summary?x=1';
    serve(streaming, 'nodes/proxy', url, 'n1');
    expect((await ask(url)).body.toString()).toBe('/stats/summary?x=1');
    streaming.close();
  });
});
