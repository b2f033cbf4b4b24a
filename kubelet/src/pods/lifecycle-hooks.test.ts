import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import type { LifecycleHandler, Pod } from '@kubelab/api/types';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { HookRunner } from './lifecycle-hooks.js';

const clock = new FakeClock();
const answer = { exitCode: 0, stdout: Buffer.from(''), stderr: Buffer.from('') };
const commands: string[][] = [];
const runtime = {
  execSync: async ({ cmd }: { cmd: string[] }) => {
    commands.push(cmd);
    return { ...answer, exitCode: cmd.includes('fail') ? 3 : 0, stderr: Buffer.from(cmd.includes('fail') ? 'no' : '') };
  },
} as unknown as RuntimeServiceClient;
const runner = new HookRunner({ runtime, clock });

function run(handler: object, port?: number, signal?: AbortSignal): Promise<void> {
  const ports = port === undefined ? [] : [{ name: 'web', containerPort: port }];
  const container = { name: 'app', ports };
  const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [container] } };
  const target = { pod: pod as unknown as Pod, container, containerId: 'id', podIP: '127.0.0.1' };
  return runner.run(handler as LifecycleHandler, target, signal);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('exec runs the command, and a failure is told in upstream’s words', async () => {
  await run({ exec: { command: ['sh', '-c', 'x'] } });
  expect(commands.at(-1)).toEqual(['sh', '-c', 'x']);
  await expect(run({ exec: { command: ['fail', 'now'] } })).rejects.toThrow(
    `Exec lifecycle hook ([fail now]) for Container "app" in Pod "p_ns(u)" failed - error: command 'fail now' exited with 3: no, message: "no"`,
  );
});

test('httpGet asks the pod at its named port; whatever is answered, it was asked', async () => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(500).end('not well');
  });
  const port = await listening(server);
  try {
    await run({ httpGet: { port: 'web', path: '/bye?now', httpHeaders: [{ name: 'X-A', value: 'b' }] } }, port);
    expect(asked.map(({ method, url, headers }) => [method, url, headers['x-a']])).toEqual([['GET', '/bye?now', 'b']]);
    expect(asked[0]?.headers['user-agent']).toMatch(/^kube-lifecycle\//);
  } finally {
    server.close();
  }
  await expect(run({ httpGet: { port } })).rejects.toThrow(/connection refused/);
});

test('tcpSocket is content with a connection', async () => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.end();
  });
  const port = await listening(server);
  try {
    await run({ tcpSocket: { port: 'web' } }, port);
    expect(connections).toBe(1);
  } finally {
    server.close();
  }
  await expect(run({ tcpSocket: { port } })).rejects.toThrow(/connection refused/);
});

test('sleep lasts as long as it says, or until nobody waits any more', async () => {
  let over = false;
  const sleeping = run({ sleep: { seconds: 5 } }).then(() => {
    over = true;
  });
  await clock.advance(4_999);
  expect(over).toBe(false);
  await clock.advance(1);
  await sleeping;
  const none = run({ sleep: { seconds: 0 } });
  await clock.advance(0);
  await none;
  const grace = new AbortController();
  const cut = run({ sleep: { seconds: 5 } }, undefined, grace.signal);
  grace.abort(new Error('grace period is over'));
  await expect(cut).rejects.toThrow('grace period is over');
});

test('a handler of no kind is refused', async () => {
  await expect(run({})).rejects.toThrow('invalid handler: {}');
});
