import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complete } from './complete.js';
import { CriError } from './cri-error.js';
import type { ImageService, RuntimeService } from './generated/runtime-v1.js';
import { createImageClient, createRuntimeClient, serveCri } from './runtime-v1.js';

const directory = mkdtempSync(join(tmpdir(), 'cri-'));
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let sockets = 0;

async function connect(runtime: Partial<RuntimeService>, image: Partial<ImageService> = {}) {
  const path = join(directory, `${sockets++}.sock`);
  const server = await serveCri(path, { runtime, image });
  const clients = {
    path,
    server,
    runtime: createRuntimeClient(`unix://${path}`),
    image: createImageClient(`unix://${path}`),
  };
  cleanups.push(
    () => server.close(0),
    () => clients.runtime.close(),
    () => clients.image.close(),
  );
  return clients;
}

test('fields travel in camel case, enums by name, int64 as number, absent messages as null', async () => {
  const { runtime } = await connect({
    async podSandboxStatus(request) {
      expect(request).toEqual({ podSandboxId: 'a', verbose: false });
      return { status: { id: 'a', state: 'SANDBOX_NOTREADY', createdAt: 1_700_000_000_000_000_000 } };
    },
  });
  const { status, info, timestamp } = await runtime.podSandboxStatus({ podSandboxId: 'a' });
  expect(status).toMatchObject({ id: 'a', state: 'SANDBOX_NOTREADY', createdAt: 1_700_000_000_000_000_000 });
  expect(status?.metadata).toBeNull();
  expect(status?.labels).toEqual({});
  expect({ info, timestamp }).toEqual({ info: {}, timestamp: 0 });
});

test('a CriError keeps its code and message, any other error is UNKNOWN', async () => {
  const { runtime } = await connect({
    async startContainer() {
      throw new CriError('NOT_FOUND', 'no such container');
    },
    async stopContainer() {
      throw new TypeError('broken');
    },
  });
  await expect(runtime.startContainer({})).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no such container' });
  await expect(runtime.stopContainer({})).rejects.toMatchObject({ code: 'UNKNOWN', message: 'broken' });
});

test('a method without a handler is UNIMPLEMENTED, unary and stream', async () => {
  const { runtime, image } = await connect({});
  await expect(runtime.checkpointContainer({})).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: 'method CheckpointContainer not implemented',
  });
  await expect(image.pullImage({})).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  await expect(async () => {
    for await (const _ of runtime.getContainerEvents({}));
  }).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
});

test('a deadline rejects the call and aborts the handler', async () => {
  let aborted: () => void = () => {};
  const handlerAborted = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const { runtime } = await connect({
    execSync: (_request, { signal }) => new Promise(() => signal.addEventListener('abort', () => aborted())),
  });
  await expect(runtime.execSync({}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await handlerAborted;
});

test('an aborted call rejects with CANCELLED and the reason as cause', async () => {
  const { runtime } = await connect({ execSync: () => new Promise(() => {}) });
  const abort = new AbortController();
  const call = runtime.execSync({}, { signal: abort.signal });
  abort.abort('enough');
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: 'enough' });
  await expect(runtime.version({}, { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a stream delivers in order, ends with the handler and carries its error', async () => {
  const { runtime } = await connect({
    async *getContainerEvents() {
      for (let i = 0; i < 1000; i++) yield { containerId: `c${i}`, containerEventType: 'CONTAINER_STARTED_EVENT' };
      throw new CriError('UNAVAILABLE', 'engine gone');
    },
  });
  const seen: string[] = [];
  await expect(async () => {
    for await (const event of runtime.getContainerEvents({})) seen.push(event.containerId);
  }).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'engine gone' });
  expect(seen).toHaveLength(1000);
  expect(seen.at(-1)).toBe('c999');
});

test('leaving a stream aborts its handler', async () => {
  let aborted: () => void = () => {};
  const handlerAborted = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const { runtime } = await connect({
    async *getContainerEvents(_request, { signal }) {
      signal.addEventListener('abort', () => aborted());
      yield { containerId: 'first' };
      await new Promise(() => {});
    },
  });
  for await (const event of runtime.getContainerEvents({})) {
    expect(event.containerId).toBe('first');
    break;
  }
  await handlerAborted;
});

test('nobody listening is UNAVAILABLE, and the client finds a server that comes later', async () => {
  const path = join(directory, 'late.sock');
  const runtime = createRuntimeClient(`unix://${path}`);
  cleanups.push(() => runtime.close());
  await expect(runtime.version({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  writeFileSync(path, '');
  const server = await serveCri(path, { runtime: { version: async () => ({ runtimeName: 'late' }) }, image: {} });
  cleanups.push(() => server.close(0));
  for (;;) {
    const name = await runtime.version({}).then(
      (response) => response.runtimeName,
      () => undefined,
    );
    if (name === undefined) continue;
    expect(name).toBe('late');
    return;
  }
});

test('complete() fills a message as the wire would', () => {
  expect(complete('Mount', { hostPath: '/a', propagation: 'PROPAGATION_BIDIRECTIONAL' })).toMatchObject({
    hostPath: '/a',
    containerPath: '',
    readonly: false,
    propagation: 'PROPAGATION_BIDIRECTIONAL',
    uidMappings: [],
    image: null,
  });
});

test('a field of the wrong type is refused before it is sent', () => {
  expect(() => complete('Mount', { image: 'busybox' as unknown as object })).toThrow(TypeError);
});

test('the numbers on the wire are the CRI’s', () => {
  const proto = readFileSync(new URL('../runtime/v1/api.proto', import.meta.url), 'utf8');
  expect(proto).toContain('PodSandboxMetadata metadata = 1;');
  expect(proto).toMatch(
    /message ExecSyncResponse \{\n {2}bytes stdout = 1;\n {2}bytes stderr = 2;\n {2}int32 exit_code = 3;/,
  );
});
