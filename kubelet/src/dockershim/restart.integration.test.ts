import { existsSync, renameSync } from 'node:fs';
import { jest } from '@jest/globals';
import { eventually, readLog, TestPod } from './testing/runtime-connection.js';
import { startTestEngine, type TestEngine } from './testing/test-engine.js';
import { busyboxImage } from './testing/test-images.js';
import { startTestShim, type TestShim } from './testing/test-shim.js';

jest.setTimeout(120_000);

let engine: TestEngine;
const shims: TestShim[] = [];

beforeAll(async () => {
  engine = await startTestEngine();
});
afterEach(async () => {
  for (const shim of shims.splice(0)) await shim.close();
});
afterAll(async () => {
  await engine?.close();
});

async function startShim(): Promise<TestShim & { testImage: string }> {
  const shim = await startTestShim(engine);
  shims.push(shim);
  await eventually(
    () => shim.runtime.status({}),
    ({ status }) => status?.conditions.every((condition) => condition.status) ?? false,
  );
  return { ...shim, testImage: busyboxImage };
}

async function stopShims(): Promise<void> {
  for (const shim of shims.splice(0)) await shim.close();
}

/** Counts on stdout and stderr, in bursts, for some seconds. */
const counting =
  'i=0; while [ $i -lt 60000 ]; do echo $i; [ $((i%100)) = 0 ] && echo e$i >&2 && usleep 5000; i=$((i+1)); done';

test('a log has every line once and in order, however often the shim restarts and the file is rotated', async () => {
  const pod = await TestPod.run(await startShim());
  const container = await pod.shell(counting);
  await eventually(() => existsSync(container.logPath), Boolean);
  for (let round = 0; round < 4; round++) {
    await stopShims();
    const shim = await startShim();
    if (round === 2) {
      renameSync(container.logPath, `${container.logPath}.20240101-000000`);
      await shim.runtime.reopenContainerLog({ containerId: container.id }).catch(() => undefined);
    }
  }
  await stopShims();
  const { runtime } = await startShim();
  await eventually(
    async () => (await runtime.containerStatus({ containerId: container.id })).status?.state,
    (state) => state === 'CONTAINER_EXITED',
    60_000,
  );
  const files = [`${container.logPath}.20240101-000000`, container.logPath].filter((path) => existsSync(path));
  const lines = await eventually(
    () => files.flatMap(readLog),
    ({ length }) => length >= 60_600,
    60_000,
  );
  const out = lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
  const err = lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text);
  expect(out.findIndex((text, index) => text !== String(index))).toBe(-1);
  expect(err.findIndex((text, index) => text !== `e${index * 100}`)).toBe(-1);
  expect([out.length, err.length]).toEqual([60000, 600]);
});

test('a shim finds what its predecessor made, and a log that was written meanwhile', async () => {
  const pod = await TestPod.run(await startShim());
  const container = await pod.shell('echo before; while [ ! -e /go ]; do sleep 0.1; done; echo after');
  await stopShims();
  await engine.docker
    .getContainer(container.id)
    .exec({ Cmd: ['touch', '/go'] })
    .then((exec) => exec.start({ Detach: true }));
  await eventually(
    () => engine.docker.getContainer(container.id).inspect(),
    ({ State }) => !State.Running,
  );
  const { runtime } = await startShim();
  await eventually(
    () => (existsSync(container.logPath) ? readLog(container.logPath).map(({ text }) => text) : []),
    (texts) => texts.length === 2,
  );
  const { status } = await runtime.containerStatus({ containerId: container.id });
  expect(status).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0, metadata: { name: 'c0' } });
  await runtime.removePodSandbox({ podSandboxId: pod.sandboxId });
});

test('a sandbox that was only created is listed as not ready, makes way for the next attempt, and can be removed', async () => {
  const shim = await startShim();
  const pod = await TestPod.run(shim);
  const { metadata } = pod.config;
  await pod.remove();
  const name = `k8s_POD_${metadata?.name}_default_${metadata?.uid}_0`;
  const half = await engine.docker.createContainer({
    name,
    Image: 'kubelab/pause:1',
    Labels: { 'io.kubernetes.docker.type': 'podsandbox' },
  });
  const { items } = await shim.runtime.listPodSandbox({ filter: { id: half.id } });
  expect(items).toMatchObject([{ id: half.id, state: 'SANDBOX_NOTREADY', metadata }]);
  const { podSandboxId } = await shim.runtime.runPodSandbox({ config: pod.config });
  expect(podSandboxId).not.toBe(half.id);
  await expect(shim.runtime.runPodSandbox({ config: pod.config })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
  await shim.runtime.removePodSandbox({ podSandboxId });
});

test('an engine that was killed: the pods are reported dead, and new ones run as soon as it is back', async () => {
  const shim = await startShim();
  const pod = await TestPod.run(shim);
  const container = await pod.shell('echo here; sleep 1000');
  await engine.kill();
  await expect(shim.runtime.listContainers({})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const { status } = await shim.runtime.status({});
  expect(status?.conditions[0]).toMatchObject({ type: 'RuntimeReady', status: false, reason: 'DockerDaemonNotReady' });
  await engine.start();
  const state = await shim.runtime.podSandboxStatus({ podSandboxId: pod.sandboxId });
  expect(state.status?.state).toBe('SANDBOX_NOTREADY');
  const next = await TestPod.run(shim);
  await next.remove();
  await pod.remove();
  expect(readLog(container.logPath).map(({ text }) => text)).toEqual(['here']);
});
