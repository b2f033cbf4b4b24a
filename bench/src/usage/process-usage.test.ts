import { cpuBetween, type ProcessUsage, programOf, sumByName, usageOf } from './process-usage.js';

const stat = '76 (node (x) y) S 70 76 70 0 -1 4194560 20 0 0 0 150 50 3 4 20 0 11 0 500 1 2';
const smapsRollup =
  '55-7f ---p 0 00:00 0 [rollup]\nRss:               86372 kB\nPss:               45313 kB\nPss_Anon: 7 kB\n';

test('a process of the lab', () => {
  const cmdline = 'node\0--max-semi-space-size=2\0/opt/kubelab/bundle/kubelet.mjs\0--v=2\0';
  expect(usageOf({ cmdline, stat, smapsRollup })).toEqual({
    name: 'kubelet',
    processes: 1,
    cpuMs: 2000,
    rssBytes: 86_372 * 1024,
    pssBytes: 45_313 * 1024,
  });
});

test.each<[string, string | undefined]>([
  ['/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0', 'containerd-shim-runc-v2'],
  ['dockerd\0--host=unix:///run/docker.sock\0', 'dockerd'],
  ['node\0-\0{}\0', undefined],
  ['sleep\x003600\0', undefined],
  ['sed\0-u\0s/^/kubelet.mjs | /\0', undefined],
  ['', undefined],
])('the program of %j', (cmdline, name) => {
  expect(programOf(cmdline)).toBe(name);
});

function usage(name: string, cpuMs: number): ProcessUsage {
  return { name, processes: 1, cpuMs, rssBytes: 10, pssBytes: 5 };
}

test('processes of one name are one', () => {
  expect(sumByName([usage('shim', 1), usage('kubelet', 2), usage('shim', 3)])).toEqual([
    usage('kubelet', 2),
    { name: 'shim', processes: 2, cpuMs: 4, rssBytes: 20, pssBytes: 10 },
  ]);
});

test('CPU between two looks; a program that is new counts from its start', () => {
  const before = { at: 0, allCpuMs: 0, processes: [usage('a', 100), usage('b', 100)] };
  const after = { at: 1, allCpuMs: 0, processes: [usage('a', 130), usage('b', 20), usage('c', 5)] };
  expect([...cpuBetween(before, after)]).toEqual([
    ['a', 30],
    ['b', 20],
    ['c', 5],
  ]);
});
