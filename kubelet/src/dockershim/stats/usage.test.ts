import { cpuUsage, memoryUsage, nanoCores, networkInterfaces, sumUsage } from './usage.js';

const read = '2024-01-01T00:00:01Z';

test('memory of cgroup v1 and v2', () => {
  const v1 = {
    read,
    memory_stats: { usage: 100, stats: { total_inactive_file: 30, total_rss: 20, inactive_file: 1 } },
  };
  const v2 = { read, memory_stats: { usage: 100, stats: { inactive_file: 120, anon: 20, pgfault: 3 } } };
  expect(memoryUsage(v1)).toMatchObject({ workingSetBytes: { value: 70 }, rssBytes: { value: 20 } });
  expect(memoryUsage(v2)).toMatchObject({
    workingSetBytes: { value: 0 },
    rssBytes: { value: 20 },
    pageFaults: { value: 3 },
  });
  expect(memoryUsage({ read })).toMatchObject({ usageBytes: { value: 0 } });
});

test('the rate between two readings', () => {
  const reading = (timestamp: number, value: number) => ({ timestamp, usageCoreNanoSeconds: { value } });
  expect(nanoCores(reading(0, 0), reading(1e9, 5e8))).toBe(5e8);
  expect(nanoCores(reading(5, 0), reading(5, 1))).toBeUndefined();
  expect(nanoCores(reading(0, 9), reading(1, 1))).toBeUndefined();
});

test('interfaces without the loopback', () => {
  const text = `Inter-| Receive | Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0
  eth0: 1000 5 1 0 0 0 0 0 2000 6 2 0 0 0 0 0
`;
  expect(networkInterfaces(text)).toEqual([
    {
      name: 'eth0',
      rxBytes: { value: 1000 },
      rxErrors: { value: 1 },
      txBytes: { value: 2000 },
      txErrors: { value: 2 },
    },
  ]);
});

test('a pod is the sum of its parts', () => {
  const part = {
    cpu: cpuUsage({ read, cpu_stats: { cpu_usage: { total_usage: 7 } } }),
    memory: memoryUsage({ read, memory_stats: { usage: 10 } }),
  };
  expect(sumUsage([part, part])).toMatchObject({
    cpu: { usageCoreNanoSeconds: { value: 14 } },
    memory: { usageBytes: { value: 20 } },
  });
  expect(sumUsage([]).cpu.timestamp).toBe(0);
});
