import { engineLimits, limitProblems, limitsFile, parseCpus, parseMemory } from './limits.js';

const gibibyte = 1024 ** 3;

test.each([
  ['1Gi', gibibyte],
  ['512Mi', gibibyte / 2],
  ['1.5Gi', 1.5 * gibibyte],
  ['2G', 2e9],
  ['2g', 2 * gibibyte],
  ['1536m', 1.5 * gibibyte],
  ['1073741824', gibibyte],
  ['0', undefined],
  ['-1Gi', undefined],
  ['much', undefined],
  ['', undefined],
  ['1 Gi', undefined],
  ['1GiB', undefined],
])('memory %s is %s', (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes);
});

test.each([
  ['2', 2],
  ['0.5', 0.5],
  ['1500m', 1.5],
  ['0', undefined],
  ['-1', undefined],
  ['two', undefined],
])('%s CPUs are %s', (text, cpus) => {
  expect(parseCpus(text)).toBe(cpus);
});

test.each([
  [{}, []],
  [{ cpus: 2, memory: gibibyte }, []],
  [{ cpus: 3 }, ['A node cannot have 3 CPUs: this machine has 2']],
  [{ cpus: 0.01 }, ['A node needs at least 100m of a CPU']],
  [{ memory: 9 * gibibyte }, ['A node cannot have 9216Mi of memory: this machine has 8192Mi']],
  [{ memory: 1000 }, ['A node needs at least 384Mi of memory']],
])('%j on a machine of 2 CPUs and 8 GiB: %j', (limits, problems) => {
  expect(limitProblems(limits, { cpus: 2, memory: 8 * gibibyte })).toEqual(problems);
});

test('the engine and the node are told the same', () => {
  expect(engineLimits({ cpus: 1.5, memory: gibibyte })).toEqual({
    NanoCpus: 1.5e9,
    Memory: gibibyte,
    MemorySwap: gibibyte,
  });
  expect(limitsFile({ cpus: 1.5, memory: gibibyte })).toBe('cpu 150000\nmemory 1073741824\n');
  expect(engineLimits({})).toEqual({});
});
