import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { eventually, TestPod } from './testing/runtime-connection.js';
import { startTestEngine, type TestEngine } from './testing/test-engine.js';
import { busyboxImage } from './testing/test-images.js';
import { startTestShim, type TestShim } from './testing/test-shim.js';

jest.setTimeout(120_000);

let engine: TestEngine;
let configFile: string;
let shim: TestShim | undefined;

/** The engine is restarted by the shim through a file that the test watches. */
async function serveRestarts(trigger: string, signal: AbortSignal): Promise<void> {
  let done = 0;
  while (!signal.aborted) {
    const wanted = readFileSync(trigger, 'utf8').length;
    if (wanted > done) {
      done = wanted;
      await engine.stop();
      await engine.start();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('the engine’s bridge follows the pod CIDR, and is restarted only for another one', async () => {
  const stop = new AbortController();
  engine = await startTestEngine({ ownNetwork: true, configFile: true });
  configFile = engine.configFile;
  writeFileSync(configFile, JSON.stringify({ debug: false }));
  const trigger = join(engine.directory, 'restarts');
  const command = join(engine.directory, 'restart.sh');
  writeFileSync(trigger, '');
  writeFileSync(command, `#!/bin/sh\nprintf x >> ${trigger}\n`);
  chmodSync(command, 0o755);
  const restarts = serveRestarts(trigger, stop.signal);
  const start = (): Promise<TestShim> =>
    startTestShim(engine, { args: [`--engine-config-file=${configFile}`, `--engine-restart-command=${command}`] });
  try {
    shim = await start();
    const networkReady = async (): Promise<object | undefined> =>
      (await shim?.runtime.status({}))?.status?.conditions.find(({ type }) => type === 'NetworkReady');
    expect(await networkReady()).toMatchObject({ status: false, reason: 'NetworkPluginNotReady' });
    const testImage = busyboxImage;
    await expect(TestPod.run({ ...shim, testImage })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    await shim.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.244.7.0/24' } } });
    expect(await networkReady()).toMatchObject({ status: true });
    expect(JSON.parse(readFileSync(configFile, 'utf8'))).toEqual({ debug: false, bip: '10.244.7.1/24' });
    const pod = await TestPod.run({ ...shim, testImage });
    expect(await pod.address()).toMatch(/^10\.244\.7\.\d+$/);

    // The same CIDR again, also to a new shim, restarts nothing.
    await shim.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.244.7.0/24' } } });
    await shim.close();
    shim = await start();
    await eventually(networkReady, (condition) => JSON.stringify(condition).includes('"status":true'));
    await shim.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.244.7.0/24' } } });
    expect(readFileSync(trigger, 'utf8')).toBe('x');
    const { status } = await shim.runtime.podSandboxStatus({ podSandboxId: pod.sandboxId });
    expect(status?.state).toBe('SANDBOX_READY');
    await expect(
      shim.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: 'nonsense' } } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });

    // Another CIDR: the engine is restarted, what ran has ended, and what starts has an address of the new one.
    await shim.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr: '10.244.9.0/24' } } });
    expect(await networkReady()).toMatchObject({ status: true });
    expect(JSON.parse(readFileSync(configFile, 'utf8'))).toEqual({ debug: false, bip: '10.244.9.1/24' });
    expect(readFileSync(trigger, 'utf8')).toBe('xx');
    const ended = await shim.runtime.podSandboxStatus({ podSandboxId: pod.sandboxId });
    expect(ended.status?.state).toBe('SANDBOX_NOTREADY');
    const young = await TestPod.run({ ...shim, testImage });
    expect(await young.address()).toMatch(/^10\.244\.9\.\d+$/);
    await shim.runtime.removePodSandbox({ podSandboxId: pod.sandboxId });
    await shim.runtime.removePodSandbox({ podSandboxId: young.sandboxId });
  } finally {
    stop.abort();
    await restarts;
    await shim?.close();
    await engine.close();
  }
});
