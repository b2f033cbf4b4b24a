import type { Duplex } from 'node:stream';
import { forbidden } from '@kubelab/apimachinery/status-error';
import type { AdmissionPlugin } from '../contracts.js';
import { ask, readUntil, serve, setUp, stage, upgrade, useStage } from './testing/stage.js';

useStage();

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
    stage.onUpgrade = (_request, socket, head) => {
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
    expect(stage.seen[0]?.url).toBe(
      '/exec/default/web/a?input=1&output=1&tty=1&command=sh&command=-c&command=echo+%26',
    );
    expect(stage.seen[0]?.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io, v3.channel.k8s.io');
    expect(stage.seen[0]?.headers.authorization).toBeUndefined();
    socket.write(payload);
    expect((await readUntil(socket, payload.length, rest)).equals(payload)).toBe(true);
    socket.destroy();
    streaming.close();
  });

  test('a request with chunked encoding brings nothing into the stream', async () => {
    stage.onUpgrade = (_request, socket, head) => {
      accept(socket, 'SPDY/3.1');
      socket.end(`head:${head.length}`);
    };
    const streaming = setUp();
    serve(streaming, 'pods/attach', '/x?stdout=true');
    const { socket, rest } = await upgrade('/x?stdout=true', ['Upgrade: SPDY/3.1']);
    expect((await readUntil(socket, 6, rest)).toString()).toBe('head:0');
    expect(stage.seen[0]?.url).toBe('/attach/default/web/a?output=1');
    streaming.close();
  });

  test('WebSockets pass with their protocols', async () => {
    stage.onUpgrade = (request, socket) => {
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
    expect(stage.seen[0]).toMatchObject({ url: '/portForward/default/web?port=80&port=443', method: 'GET' });
    socket.destroy();
    streaming.close();
  });

  test('the kubelet’s refusal is passed as it is and ends the connection', async () => {
    stage.onUpgrade = (_request, socket) => {
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
      stage.onUpgrade = (_request, socket) => {
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
    expect(stage.seen).toEqual([]);
    socket.destroy();
    streaming.close();
  });
});
