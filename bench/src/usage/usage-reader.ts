/** What all programs of a lab use, container by container. */

import { type LabContainer, runningContainers } from '../lab/containers.js';
import { bundle, runInContainer } from '../lab/node-program.js';
import { type ContainerUsage, cpuBetween } from './process-usage.js';

const program = 'bench/src/usage/usage-main.ts';

/** By container name. */
export type LabUsage = Map<string, ContainerUsage>;

export class UsageReader {
  private constructor(
    private readonly containers: readonly LabContainer[],
    private readonly signal: AbortSignal,
  ) {}

  static async of(project: string, signal: AbortSignal): Promise<UsageReader> {
    await bundle(program);
    const containers = await runningContainers(project);
    return new UsageReader(
      containers.filter(({ service }) => service !== 'registry'),
      signal,
    );
  }

  async read(): Promise<LabUsage> {
    const entries = await Promise.all(
      this.containers.map(async ({ id, name }): Promise<[string, ContainerUsage]> => {
        return [name, await runInContainer<ContainerUsage>(id, program, {}, this.signal)];
      }),
    );
    return new Map(entries);
  }
}

/** CPU milliseconds by program between two looks at a lab, over all its containers. */
export function labCpuBetween(before: LabUsage, after: LabUsage): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [container, usage] of after) {
    const earlier = before.get(container);
    if (!earlier) continue;
    for (const [name, ms] of cpuBetween(earlier, usage)) sums.set(name, (sums.get(name) ?? 0) + ms);
  }
  return sums;
}
