import { countCpus, readLimits } from './cgroup-limits.js';
import { readNodePids, readNodeUsage } from './node-usage.js';

const files = (map: Record<string, string>) => ({ read: (path: string) => map[path], cpuCount: 8 });
const meminfo = { '/proc/meminfo': 'MemTotal:       16384 kB\n', '/proc/sys/kernel/pid_max': '4194304' };
const v1 = {
  ...meminfo,
  '/proc/self/cgroup': '5:cpu,cpuacct:/lab/n1\n4:memory:/lab/n1\n3:pids:/lab/n1\n',
};

test('without a limit the machine is the limit', () => {
  expect(readLimits(files(v1))).toEqual({ cpus: 8, memory: 16384 * 1024, pids: 4_194_304 });
});

test('v1: the smallest limit of the group and its parents', () => {
  const limits = readLimits(
    files({
      ...v1,
      '/sys/fs/cgroup/cpu/lab/cpu.cfs_quota_us': '150000',
      '/sys/fs/cgroup/cpu/lab/cpu.cfs_period_us': '100000',
      '/sys/fs/cgroup/cpu/lab/n1/cpu.cfs_quota_us': '-1',
      '/sys/fs/cgroup/cpu/lab/n1/cpu.cfs_period_us': '100000',
      '/sys/fs/cgroup/memory/lab/n1/memory.limit_in_bytes': '1048576',
      '/sys/fs/cgroup/memory/lab/memory.limit_in_bytes': '9223372036854771712',
      '/sys/fs/cgroup/pids/lab/n1/pids.max': 'max',
    }),
  );
  expect(limits).toEqual({ cpus: 1.5, memory: 1_048_576, pids: 4_194_304 });
});

test('v2', () => {
  const limits = readLimits(
    files({
      ...meminfo,
      '/proc/self/cgroup': '0::/init\n',
      '/sys/fs/cgroup/cgroup.controllers': 'cpu memory pids',
      '/sys/fs/cgroup/cpu.max': '200000 100000',
      '/sys/fs/cgroup/init/cpu.max': 'max 100000',
      '/sys/fs/cgroup/memory.max': '2097152',
      '/sys/fs/cgroup/pids.max': '512',
      '/sys/fs/cgroup/cpuset.cpus.effective': '0-3,6',
    }),
  );
  expect(limits).toEqual({ cpus: 2, memory: 2_097_152, pids: 512 });
});

test.each([
  ['0-3,6', 5],
  ['0', 1],
  ['', undefined],
  [undefined, undefined],
])('cpus %s', (list, count) => expect(countCpus(list)).toBe(count));

test('what the node uses', () => {
  const map: Record<string, string> = {
    '/proc/self/cgroup': v1['/proc/self/cgroup'],
    '/sys/fs/cgroup/memory/lab/n1/memory.usage_in_bytes': '1000',
    '/sys/fs/cgroup/memory/lab/n1/memory.stat': 'total_inactive_file 300\ntotal_rss 200\ntotal_swap 7\n',
    '/sys/fs/cgroup/memory/lab/n1/memory.limit_in_bytes': '5000\n',
    '/sys/fs/cgroup/memory/lab/n1/memory.memsw.limit_in_bytes': '5100\n',
    '/sys/fs/cgroup/pids/lab/n1/pids.current': '42\n',
  };
  const read = (path: string) => map[path];
  expect(readNodeUsage(5000, '', read)).toMatchObject({
    memoryUsage: 1000,
    memoryWorkingSet: 700,
    memoryCapacity: 5000,
    swap: { usedBytes: 7, limitBytes: 100 },
  });
  expect(readNodePids(512, '', read)).toEqual({ used: 42, limit: 512 });
  expect(readNodePids(512, '', (path) => (path === '/proc/loadavg' ? '0 0 0 1/77 9' : undefined)).used).toBe(77);
});

test('v2: what a container uses, and what a machine does, whose root group does not count', () => {
  const machine: Record<string, string> = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/meminfo': 'MemTotal:       5000 kB\nMemFree:         1000 kB\nMemAvailable:    3000 kB\n',
    '/sys/fs/cgroup/cgroup.controllers': 'cpu memory pids',
    '/sys/fs/cgroup/cpu.stat': 'usage_usec 7\n',
    '/sys/fs/cgroup/memory.stat': 'anon 100\ninactive_file 1024\n',
  };
  const expected = { cpuNanoseconds: 7000, memoryRss: 100, swap: { usedBytes: 0, limitBytes: undefined } };
  expect(readNodeUsage(5_120_000, '', (path) => machine[path])).toMatchObject({
    ...expected,
    memoryUsage: 4000 * 1024,
    memoryWorkingSet: 3999 * 1024,
  });
  const container: Record<string, string> = { ...machine, '/sys/fs/cgroup/memory.current': '4096\n' };
  expect(readNodeUsage(5_120_000, '/', (path) => container[path])).toMatchObject({
    ...expected,
    memoryUsage: 4096,
    memoryWorkingSet: 3072,
  });
});
