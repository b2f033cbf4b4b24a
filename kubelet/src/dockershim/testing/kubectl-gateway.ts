/** Just enough of an API server for kubectl to exec, attach and forward ports: it hands the connection through to the runtime's streaming URL, byte by byte. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';

export interface GatewayTarget {
  runtime: RuntimeServiceClient;
  sandboxId: string;
  containerId: string;
}

export interface KubectlGateway {
  /** Starts kubectl against the gateway. */
  kubectl(args: readonly string[], env?: Record<string, string>): ChildProcess;
  close(): Promise<void>;
}

const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i', stdin: true }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'c', ready: true, state: { running: {} } }] },
};

const answers: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list', 'watch'] }],
  },
  '/api/v1/namespaces/default/pods/p': pod,
};

export async function startKubectlGateway(target: GatewayTarget): Promise<KubectlGateway> {
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? '/', 'http://gateway').pathname];
    response.writeHead(answer ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    handThrough(target, request, socket, head).catch((error: unknown) => {
      socket.end(`HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n${String(error)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    kubectl: (args, env = {}) =>
      spawn('kubectl', [`--server=${url}`, '--kubeconfig=/dev/null', '--cache-dir=/dev/null', ...args], {
        env: { ...process.env, ...env },
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handThrough(
  target: GatewayTarget,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const streaming = new URL(await streamingUrl(target, new URL(request.url ?? '/', 'http://gateway')));
  const upstream = connect({ host: streaming.hostname, port: Number(streaming.port), allowHalfOpen: true });
  upstream.on('error', () => socket.destroy());
  upstream.on('close', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
  const headers = request.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  upstream.write(`${request.method} ${streaming.pathname} HTTP/1.1\r\n${headers}\r\n`);
  upstream.write(head);
  socket.pipe(upstream);
  upstream.pipe(socket);
}

async function streamingUrl({ runtime, sandboxId, containerId }: GatewayTarget, url: URL): Promise<string> {
  const flag = (name: string): boolean => url.searchParams.get(name) === 'true';
  const streams = { stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') };
  switch (url.pathname.split('/').at(-1)) {
    case 'exec':
      return (await runtime.exec({ containerId, cmd: url.searchParams.getAll('command'), ...streams })).url;
    case 'attach':
      return (await runtime.attach({ containerId, ...streams })).url;
    default:
      return (await runtime.portForward({ podSandboxId: sandboxId })).url;
  }
}
