/** The newest WebSocket protocols on containerd, which does not speak them. */
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock } from '@kubelab/component/clock';
import { eventually } from '@kubelab/testkit/eventually';
import { WebSocket } from 'ws';
import { type StartedContainer, TestPod } from '../dockershim/testing/runtime-connection.js';
import { startTestContainerd, type TestContainerd } from '../testing/test-containerd.js';
import { connectStream } from './stream-translator.js';

const selection = { stdin: true, stdout: true, stderr: true, tty: false };

let containerd: TestContainerd;
let pod: TestPod;
let container: StartedContainer;
let server: Server;
let command: string[] = [];

beforeAll(async () => {
  containerd = await startTestContainerd();
  const { runtime, image, podCidr } = containerd;
  await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
  await eventually(async () => {
    const { status } = await runtime.status({});
    if (!status?.conditions.every((condition) => condition.status)) throw new Error(JSON.stringify(status));
  });
  const directory = join(containerd.directory, 'pods');
  mkdirSync(directory);
  const testImage = 'docker.io/library/busybox:1.36';
  pod = await TestPod.run({ runtime, image, directory, testImage, close: async () => undefined });
  container = await pod.shell('sleep 1000');
  server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    connect({ request, socket, head }).catch((error: unknown) => socket.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}, 120_000);

afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await pod?.remove();
  await containerd?.close();
}, 60_000);

async function connect(upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }): Promise<void> {
  if (upgrade.request.url === '/portForward') {
    const { url } = await containerd.runtime.portForward({ podSandboxId: pod.sandboxId, port: [8080] });
    await connectStream(upgrade, { url }, systemClock);
    return;
  }
  const { url } = await containerd.runtime.exec({ containerId: container.id, cmd: command, ...selection });
  await connectStream(upgrade, { url, selection }, systemClock);
}

interface Answer {
  stdout: string;
  stderr: string;
  status: unknown;
}

/** Runs a command as a client that speaks the newest protocol alone; `input` is followed by the end of stdin. */
async function exec(cmd: string[], input: string): Promise<Answer> {
  command = cmd;
  const { port } = server.address() as AddressInfo;
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/`, 'v5.channel.k8s.io');
  const channels = new Map<number, Buffer[]>();
  websocket.on('message', (data: Buffer) => {
    const [channel = -1] = data;
    channels.set(channel, [...(channels.get(channel) ?? []), data.subarray(1)]);
  });
  const closed = new Promise<void>((resolve, reject) => {
    websocket.on('close', () => resolve());
    websocket.on('error', reject);
  });
  websocket.on('open', () => {
    websocket.send(Buffer.concat([Buffer.from([0]), Buffer.from(input)]));
    websocket.send(Buffer.from([255, 0]));
  });
  await closed;
  const text = (channel: number): string => Buffer.concat(channels.get(channel) ?? []).toString();
  return { stdout: text(1), stderr: text(2), status: JSON.parse(text(3)) };
}

test('a command gets its input with its end, and its output and exit code come back', async () => {
  expect(await exec(['sh', '-c', 'cat; echo err >&2'], 'hello')).toMatchObject({
    stdout: 'hello',
    stderr: 'err\n',
    status: { status: 'Success' },
  });
  expect((await exec(['sh', '-c', 'exit 3'], '')).status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
});

test('the first message is empty and on the first channel, and only output and the status follow', async () => {
  command = ['sh', '-c', 'echo out'];
  const { port } = server.address() as AddressInfo;
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/`, 'v5.channel.k8s.io');
  const messages: string[] = [];
  websocket.on('message', (data: Buffer) => messages.push(`${data[0]} ${data.subarray(1)}`));
  await new Promise((resolve) => websocket.on('close', resolve));
  expect(messages).toEqual(['1 ', '1 out\n', `3 ${JSON.stringify({ metadata: {}, status: 'Success' })}`]);
});

test('port-forward of a library that offers the protocols of commands', async () => {
  const web = await pod.shell('mkdir /www; echo greetings > /www/index.html; exec httpd -f -p 8080 -h /www');
  await eventually(async () => {
    const { exitCode } = await containerd.runtime.execSync({
      containerId: web.id,
      cmd: ['wget', '-q', '-O', '-', 'http://127.0.0.1:8080/'],
    });
    expect(exitCode).toBe(0);
  });
  const { port } = server.address() as AddressInfo;
  const offers = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io'];
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/portForward`, offers);
  let received = Buffer.alloc(0);
  websocket.on('message', (data: Buffer) => {
    if (data[0] === 0) received = Buffer.concat([received, data.subarray(1)]);
  });
  await new Promise((resolve, reject) => websocket.on('open', resolve).on('error', reject));
  expect(websocket.protocol).toBe('v4.channel.k8s.io');
  websocket.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET /index.html HTTP/1.0\r\n\r\n')]));
  await eventually(() => expect(received.toString('latin1')).toContain('greetings'));
  expect(received.readUInt16LE(0)).toBe(8080);
  websocket.close();
});

test('a lot of output, all of it, and input that nobody reads', async () => {
  const { stdout } = await exec(['head', '-c', '5000000', '/dev/zero'], 'x'.repeat(100_000));
  expect(stdout).toHaveLength(5_000_000);
});

test('a client that leaves takes the connection to the runtime along', async () => {
  command = ['sleep', '1000'];
  const { port } = server.address() as AddressInfo;
  const websocket = new WebSocket(`ws://127.0.0.1:${port}/`, 'v5.channel.k8s.io');
  await new Promise((resolve) => websocket.on('message', resolve));
  websocket.terminate();
  await eventually(async () => {
    const open = await new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
    if (open > 0) throw new Error(`${open} connections are open`);
  });
});
