/** Keeps containers' logs below --container-log-max-size: renames them, has the runtime open new ones, compresses and removes old ones. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { isRunning, type PodState } from '../runtime/pod-state.js';
import { compressedSuffix, planRotation, type RotationPolicy, temporarySuffix } from './plan.js';

export interface LogRotatorOptions {
  runtime: Pick<RuntimeServiceClient, 'reopenContainerLog'>;
  policy: RotationPolicy;
  /** What runs now. */
  pods(): PodState[];
  clock: Clock;
  logger: Logger;
}

export class LogRotator {
  readonly #options: LogRotatorOptions;

  constructor(options: LogRotatorOptions) {
    this.#options = options;
  }

  /** Looks at all logs once. One that cannot be rotated is told and does not keep the others. */
  async rotate(): Promise<void> {
    const { pods, logger } = this.#options;
    for (const container of pods().flatMap((pod) => pod.containers.filter(isRunning))) {
      if (container.logPath === '') continue;
      try {
        await this.#look(container.id, container.logPath);
      } catch (error) {
        logger.warn('Container log could not be rotated', { container: container.id, path: container.logPath, error });
      }
    }
  }

  async #look(id: string, path: string): Promise<void> {
    const size = await sizeOf(path);
    if (size === undefined) {
      // A kubelet that was killed between renaming and reopening.
      await this.#reopen(id);
      return;
    }
    if (size < this.#options.policy.maxSize) return;
    const { clock, policy } = this.#options;
    const folder = dirname(path);
    const name = basename(path);
    const rotated = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`));
    const plan = planRotation(name, rotated, { maxFiles: policy.maxFiles, now: clock.now() });
    for (const file of plan.remove) await rm(join(folder, file), { force: true });
    for (const file of plan.compress) await compress(join(folder, file));
    await this.#rename(id, path, join(folder, plan.renameTo));
  }

  async #rename(id: string, path: string, target: string): Promise<void> {
    await rename(path, target);
    try {
      await this.#reopen(id);
    } catch (error) {
      // Otherwise the runtime goes on writing to a file that nobody looks for.
      await rename(target, path);
      throw error;
    }
  }

  async #reopen(containerId: string): Promise<void> {
    await this.#options.runtime.reopenContainerLog({ containerId }, { timeoutMs: 30_000 });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The compressed file appears under its name only when it is complete. */
async function compress(path: string): Promise<void> {
  const temporary = `${path}${temporarySuffix}`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o640 }));
  await rename(temporary, `${path}${compressedSuffix}`);
  await rm(path);
}
