import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '@kubelab/component/clock';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { ignoreGone } from '../pods/container-killer.js';
import type { PodState } from '../runtime/pod-state.js';
import { type ContainerGcPolicy, surplusContainers } from './container-plan.js';

export interface ContainerCollectorOptions {
  runtime: Pick<RuntimeServiceClient, 'removeContainer'>;
  policy: ContainerGcPolicy;
  pods(): PodState[];
  clock: Clock;
}

/** Removes dead containers with their logs that are more than the node is to keep. */
export class ContainerCollector {
  readonly #options: ContainerCollectorOptions;

  constructor(options: ContainerCollectorOptions) {
    this.#options = options;
  }

  async collect(): Promise<void> {
    await this.#remove(this.#options.pods(), this.#options.policy);
  }

  /** Of one pod; true when something was removed. The limit for the whole node is not looked at. */
  collectPod(state: PodState): Promise<boolean> {
    return this.#remove([state], { ...this.#options.policy, maxContainers: -1 });
  }

  /** All but the newest of each container; for a node that runs out of disk. */
  async removeAllDead(): Promise<void> {
    await this.#remove(this.#options.pods(), { minAgeMs: 0, maxPerContainer: 0, maxContainers: -1 });
  }

  async #remove(states: PodState[], policy: ContainerGcPolicy): Promise<boolean> {
    const { runtime, clock } = this.#options;
    const surplus = surplusContainers(states, policy, clock.now());
    await Promise.all(
      surplus.map(async ({ id, logPath }) => {
        await ignoreGone(runtime.removeContainer({ containerId: id }));
        if (logPath !== '') await removeLog(logPath);
      }),
    );
    return surplus.length > 0;
  }
}

/** The log and what it was rotated to. */
async function removeLog(path: string): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[];
    throw error;
  });
  const own = files.filter((file) => file === name || file.startsWith(`${name}.`));
  await Promise.all(own.map((file) => rm(join(folder, file), { force: true })));
}
