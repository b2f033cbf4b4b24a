import type { ContainerUsage, ProcessUsage } from '../usage/process-usage.js';
import { containerPercent, cpuMsPerProbe, figuresOf, kubeletAndShim } from './windows.js';

function look(at: number, cpu: Record<string, number>, allCpuMs?: number): ContainerUsage {
  const processes = Object.entries(cpu).map(
    ([name, cpuMs]): ProcessUsage => ({ name, processes: 1, cpuMs, rssBytes: 40e6, pssBytes: 20e6 }),
  );
  return { at, allCpuMs, processes };
}

const window = {
  before: new Map([['node-1', look(0, { kubelet: 100, dockershim: 0, dockerd: 0 }, 1000)]]),
  after: new Map([
    ['node-1', look(10_000, { kubelet: 200, dockershim: 50, dockerd: 500 }, 3000)],
    ['node-2', look(10_000, { kubelet: 1 })],
  ]),
};

test('percent of a core, of programs that were looked at twice', () => {
  const figures = figuresOf(window);
  expect(figures.map(({ container, program, cpuPercent }) => [container, program, cpuPercent])).toEqual([
    ['node-1', 'kubelet', 1],
    ['node-1', 'dockershim', 0.5],
    ['node-1', 'dockerd', 5],
  ]);
  expect(kubeletAndShim(figures, 'node-1')).toMatchObject({ cpuPercent: 1.5, rssBytes: 80e6, pssBytes: 40e6 });
});

test('a whole container, where its cgroup tells', () => {
  expect(containerPercent(window, 'node-1')).toBe(20);
  expect(containerPercent(window, 'node-2')).toBeUndefined();
  expect(containerPercent(window, 'node-3')).toBeUndefined();
});

test('what one probe costs beyond the pods themselves', () => {
  expect(cpuMsPerProbe({ percent: 2 }, { percent: 12, probesPerSecond: 10 })).toBe(10);
});
