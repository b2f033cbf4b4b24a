import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { systemClock } from '@kubelab/component/clock';
import { silentLogger } from '@kubelab/component/logger';
import type { ServiceContext } from '@kubelab/component/service';
import { createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { Registry } from 'prom-client';
import { type Config, flags } from './config.js';
import { startTestEngine, type TestEngine } from './dockershim/testing/test-engine.js';
import { startOwnRuntime } from './wire-runtime.js';

jest.setTimeout(60_000);

const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default])) as Config;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(async () => {
  await engine?.close();
});

function context(signal = new AbortController().signal): ServiceContext {
  return { logger: silentLogger, clock: systemClock, registry: new Registry(), signal };
}

test('with an engine, the kubelet serves its runtime socket itself, until it closes it and not before', async () => {
  const socket = join(engine.directory, 'own/cri.sock');
  const config = {
    ...defaults,
    'root-dir': engine.directory,
    'docker-endpoint': engine.endpoint,
    'container-runtime-endpoint': `unix://${socket}`,
  };
  const stop = new AbortController();
  const runtime = await startOwnRuntime(config, context(stop.signal));
  const client = createRuntimeClient(config['container-runtime-endpoint']);
  try {
    expect(await client.version({ version: '' })).toMatchObject({ runtimeName: 'docker' });
    // Pods may still be ending when the kubelet is told to stop.
    stop.abort();
    expect(await client.listPodSandbox({})).toEqual({ items: [] });
  } finally {
    client.close();
    await runtime?.close();
  }
  expect(existsSync(socket)).toBe(false);
});

test('without an engine, somebody else serves the socket', async () => {
  expect(await startOwnRuntime(defaults, context())).toBeUndefined();
});
