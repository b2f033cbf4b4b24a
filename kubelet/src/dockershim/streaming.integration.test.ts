import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { type KubectlGateway, startKubectlGateway } from './testing/kubectl-gateway.js';
import { eventually, type StartedContainer, TestPod } from './testing/runtime-connection.js';
import { startTestEngine, type TestEngine } from './testing/test-engine.js';
import { busyboxImage } from './testing/test-images.js';
import { startTestShim, type TestShim } from './testing/test-shim.js';

jest.setTimeout(60_000);

let engine: TestEngine;
let shim: TestShim;
let pod: TestPod;
let container: StartedContainer;
let gateway: KubectlGateway;

/** Answers each line of its input, listens on the pod's address and, on another port, on localhost only. */
const workload = `
mkdir -p /www; echo page > /www/index.html; httpd -p 8080 -h /www
httpd -p 127.0.0.1:8081 -h /www
nc -ll -p 9090 -e cat &
echo started
while read line; do echo "got $line"; echo "bad $line" >&2; done
sleep 1000`;

beforeAll(async () => {
  engine = await startTestEngine();
  shim = await startTestShim(engine);
  await eventually(
    () => shim.runtime.status({}),
    ({ status }) => status?.conditions.every((condition) => condition.status) ?? false,
  );
  pod = await TestPod.run({ ...shim, testImage: busyboxImage });
  container = await pod.shell(workload, { stdin: true, stdinOnce: true });
  gateway = await startKubectlGateway({ runtime: shim.runtime, sandboxId: pod.sandboxId, containerId: container.id });
}, 120_000);

afterAll(async () => {
  await gateway?.close();
  await pod?.remove();
  await shim?.close();
  await engine?.close();
}, 60_000);

interface Result {
  stdout: Buffer;
  stderr: string;
  code: number | null;
}

async function finish(child: ChildProcess): Promise<Result> {
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { stdout: Buffer.concat(stdout), stderr, code };
}

const transports = [
  ['WebSocket', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' }],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;

describe.each(transports)('kubectl over %s', (_name, env) => {
  const kubectl = (...args: string[]): ChildProcess => gateway.kubectl(args, env);

  test('exec carries output, errors and the exit code', async () => {
    const result = await finish(kubectl('exec', 'p', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'));
    expect(result.stdout.toString()).toBe('out\n');
    expect(result.stderr).toContain('err\n');
    expect(result.stderr).toContain('command terminated with exit code 3');
    expect(result.code).toBe(3);
  });

  test('exec of a program that does not exist fails with the engine’s words', async () => {
    const result = await finish(kubectl('exec', 'p', '--', '/no/such/program'));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/error executing command in container: .*no such file or directory/);
    expect(result.stdout.toString()).toBe('');
  });

  test('exec passes input through and sees its end', async () => {
    const data = randomBytes(5_000_000);
    const child = kubectl('exec', '-i', 'p', '--', 'sh', '-c', 'tee /tmp/copy; wc -c < /tmp/copy >&2');
    child.stdin?.end(data);
    const { stdout, stderr, code } = await finish(child);
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
    expect({ stderr, code }).toEqual({ stderr: '5000000\n', code: 0 });
  });

  test('an exec whose client is killed does not go on', async () => {
    const child = kubectl('exec', 'p', '--', 'sleep', '12321');
    const running = async (): Promise<boolean> =>
      (await pod.exec(container, 'ps -o args')).stdout.includes('sleep 12321');
    await eventually(running, (found) => found);
    child.kill('SIGKILL');
    await eventually(running, (found) => !found);
  });

  test('port-forward reaches ports of the pod, also those that only localhost has, many at once', async () => {
    const child = kubectl('port-forward', 'pod/p', ':8080', ':8081', ':9090', '--address=127.0.0.1');
    try {
      const [web = 0, local = 0, echo = 0] = await forwardedPorts(child, 3);
      for (const port of [web, local]) {
        const pages = await Promise.all(
          Array.from({ length: 50 }, async () => (await fetch(`http://127.0.0.1:${port}/index.html`)).text()),
        );
        expect(new Set(pages)).toEqual(new Set(['page\n']));
      }
      const data = randomBytes(1_000_000);
      expect((await echoed(echo, data)).equals(data)).toBe(true);
    } finally {
      child.kill();
    }
  });

  test('port-forward to a port where nobody listens says so', async () => {
    const child = kubectl('port-forward', 'pod/p', ':7777', '--address=127.0.0.1');
    try {
      let stderr = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const [port = 0] = await forwardedPorts(child, 1);
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
      await eventually(
        () => stderr,
        (text) => /error forwarding port 7777 to pod .*ECONNREFUSED/.test(text),
        5000,
      );
    } finally {
      child.kill();
    }
  });
});

test('attach sees output and gives input', async () => {
  const child = gateway.kubectl(['attach', '-i', 'p']);
  const result = finish(child);
  child.stdin?.write('one\n');
  await eventually(
    () => readFileSync(container.logPath, 'utf8'),
    (log) => log.includes('got one'),
  );
  child.kill();
  const { stdout, stderr } = await result;
  expect(stdout.toString()).toContain('got one');
  expect(stderr).toContain('bad one');
});

/** kubectl prints `Forwarding from 127.0.0.1:PORT -> TARGET` once it listens. */
async function forwardedPorts(child: ChildProcess, count: number): Promise<number[]> {
  const ports: number[] = [];
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port) ports.push(Number(port));
    if (ports.length === count) break;
  }
  return ports;
}

function echoed(port: number, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const parts: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => parts.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
    socket.end(data);
  });
}

describe('WebSocket clients of other versions', () => {
  async function talk(
    url: string,
    protocols: string[],
    send: (socket: WebSocket) => void,
  ): Promise<Map<number, string>> {
    const socket = new WebSocket(url.replace('http:', 'ws:'), protocols);
    const channels = new Map<number, string>();
    socket.on('message', (raw: Buffer) => {
      const base64 = socket.protocol.includes('base64');
      const channel = base64 ? (raw[0] ?? 0) - 48 : (raw[0] ?? 0);
      const data = base64 ? Buffer.from(raw.toString('latin1', 1), 'base64') : raw.subarray(1);
      channels.set(channel, (channels.get(channel) ?? '') + data.toString());
    });
    socket.on('open', () => send(socket));
    await once(socket, 'close');
    return channels;
  }

  const script = ['sh', '-c', 'read line; echo "<$line>"; exit 4'];
  const exec = async (overrides: object = {}): Promise<string> =>
    (await shim.runtime.exec({ containerId: container.id, cmd: script, stdin: true, stdout: true, ...overrides })).url;

  test.each([
    ['v4.channel.k8s.io', /"reason":"NonZeroExitCode"/],
    ['channel.k8s.io', /^command terminated with non-zero exit code/],
  ])('%s', async (protocol, status) => {
    const channels = await talk(await exec(), [protocol], (socket) => socket.send(Buffer.from('\0hello\n')));
    expect(channels.get(1)).toBe('<hello>\n');
    expect(channels.get(3)).toMatch(status);
  });

  test('v4.base64.channel.k8s.io', async () => {
    const channels = await talk(await exec(), ['v4.base64.channel.k8s.io'], (socket) =>
      socket.send(`0${btoa('hello\n')}`),
    );
    expect(channels.get(1)).toBe('<hello>\n');
    expect(channels.get(3)).toMatch(/ExitCode/);
  });

  test('a terminal has the size that the client says', async () => {
    const { url } = await shim.runtime.exec({
      containerId: container.id,
      cmd: ['sh', '-c', 'read line; stty size; exit 0'],
      stdin: true,
      stdout: true,
      tty: true,
    });
    const channels = await talk(url, ['v5.channel.k8s.io'], (socket) => {
      socket.send(Buffer.from('\x04{"Width":123,"Height":45}\n'));
      setTimeout(() => socket.send(Buffer.from('\0go\n')), 500);
    });
    expect(channels.get(1)).toContain('45 123');
    expect(JSON.parse(channels.get(3) ?? '')).toMatchObject({ status: 'Success' });
  });

  test('v4 port-forward names its ports first', async () => {
    const { url } = await shim.runtime.portForward({ podSandboxId: pod.sandboxId, port: [8080] });
    const channels = await talk(url, ['v4.channel.k8s.io'], (socket) =>
      socket.send(Buffer.from('\0GET /index.html HTTP/1.0\r\n\r\n')),
    );
    expect(channels.get(0)?.slice(0, 2)).toBe(Buffer.from([0x90, 0x1f]).toString());
    expect(channels.get(0)).toContain('page');
  });

  test('a token works once, a foreign sub-protocol and a plain request are refused', async () => {
    const url = await exec();
    const refused = new WebSocket(url.replace('http:', 'ws:'), ['chat']);
    const [error] = (await once(refused, 'error')) as [Error];
    expect(error.message).toContain('403');
    const again = new WebSocket(url.replace('http:', 'ws:'), ['v4.channel.k8s.io']);
    const [second] = (await once(again, 'error')) as [Error];
    expect(second.message).toContain('404');
    expect((await fetch(await exec())).status).toBe(400);
  });
});
