/** The shim in the test's own process, on a test engine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@kubelab/component/clock';
import { parseFlags } from '@kubelab/component/flags';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { createImageClient, createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { flags } from '../config.js';
import { startShim } from '../wire.js';
import type { TestEngine } from './test-engine.js';

export interface TestShim {
  runtime: RuntimeServiceClient;
  image: ImageServiceClient;
  /** Where logs and mounts of the tests may lie. */
  directory: string;
  close(): Promise<void>;
}

export interface TestShimOptions {
  /** More flags of the shim. */
  args?: readonly string[];
  logger?: Logger;
}

let shims = 0;

export async function startTestShim(engine: TestEngine, options: TestShimOptions = {}): Promise<TestShim> {
  const directory = join(engine.directory, 'shim');
  mkdirSync(directory, { recursive: true });
  const listen = `unix://${join(directory, `cri-${shims++}.sock`)}`;
  const config = parseFlags({ name: 'dockershim', description: '', flags }, [
    `--docker-endpoint=${engine.endpoint}`,
    `--listen=${listen}`,
    `--root-dir=${directory}`,
    '--engine-config-file=',
    ...(options.args ?? []),
  ]);
  const stop = new AbortController();
  const shim = await startShim(config, {
    logger: options.logger ?? silentLogger,
    clock: systemClock,
    signal: stop.signal,
  });
  const runtime = createRuntimeClient(listen);
  const image = createImageClient(listen);
  return {
    runtime,
    image,
    directory,
    close: async () => {
      stop.abort();
      await shim.close();
      runtime.close();
      image.close();
    },
  };
}
