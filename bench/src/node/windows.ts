/** Pure: what two looks at a lab come down to. */

import { type ContainerUsage, cpuBetween } from '../usage/process-usage.js';
import type { LabUsage } from '../usage/usage-reader.js';

export interface ProgramFigures {
  container: string;
  program: string;
  /** Of one core. */
  cpuPercent: number;
  rssBytes: number;
  pssBytes: number;
}

/** Of all programs in all containers that were there at both looks. */
export function figuresOf({ before, after }: { before: LabUsage; after: LabUsage }): ProgramFigures[] {
  return [...after].flatMap(([container, usage]) => {
    const earlier = before.get(container);
    return earlier ? figuresOfContainer(container, earlier, usage) : [];
  });
}

function figuresOfContainer(container: string, before: ContainerUsage, after: ContainerUsage): ProgramFigures[] {
  const cpu = cpuBetween(before, after);
  return after.processes.map(({ name, rssBytes, pssBytes }) => ({
    container,
    program: name,
    cpuPercent: ((cpu.get(name) ?? 0) / (after.at - before.at)) * 100,
    rssBytes,
    pssBytes,
  }));
}

/** The programs that are ours on a node: the kubelet, and the docker shim where it is a process of its own. */
export function kubeletAndShim(figures: readonly ProgramFigures[], container: string): ProgramFigures {
  const own = figures.filter(
    (item) => item.container === container && ['kubelet', 'dockershim'].includes(item.program),
  );
  const sum = (pick: (item: ProgramFigures) => number): number => own.reduce((total, item) => total + pick(item), 0);
  return {
    container,
    program: 'kubelet with shim',
    cpuPercent: sum((item) => item.cpuPercent),
    rssBytes: sum((item) => item.rssBytes),
    pssBytes: sum((item) => item.pssBytes),
  };
}

/** CPU milliseconds that one probe costs beyond what the same pods cost without: of some programs, or (undefined) of the whole container. */
export function cpuMsPerProbe(
  quiet: { percent: number },
  probed: { percent: number; probesPerSecond: number },
): number {
  return ((probed.percent - quiet.percent) * 10) / probed.probesPerSecond;
}

/** CPU of everything in a container in percent of one core; undefined where that cannot be read. */
export function containerPercent(
  { before, after }: { before: LabUsage; after: LabUsage },
  container: string,
): number | undefined {
  const [first, last] = [before.get(container), after.get(container)];
  if (first?.allCpuMs === undefined || last?.allCpuMs === undefined) return undefined;
  return ((last.allCpuMs - first.allCpuMs) / (last.at - first.at)) * 100;
}
