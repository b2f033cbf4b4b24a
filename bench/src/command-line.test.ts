import { parseCommandLine, UsageError } from './command-line.js';

test('boot, with its defaults', () => {
  expect(parseCommandLine(['boot'])).toEqual({
    benchmark: 'boot',
    runs: 3,
    project: 'kubelab-bench',
    apiPort: 26_443,
  });
});

test('pod-start, with everything', () => {
  const args = '--kubeconfig f --runs 2 --project p --one-by-one 5 --at-once 6 --image nginx pod-start'.split(' ');
  expect(parseCommandLine(args)).toEqual({
    benchmark: 'pod-start',
    runs: 2,
    project: 'p',
    kubeconfig: 'f',
    oneByOne: 5,
    atOnce: 6,
    image: 'nginx',
  });
});

test('node, with its defaults and with everything', () => {
  expect(parseCommandLine(['node'])).toEqual({
    benchmark: 'node',
    project: 'kubelab',
    kubeconfig: undefined,
    pods: 100,
    seconds: 60,
    image: 'busybox',
  });
  const args = 'node --kubeconfig f --project p --pods 5 --seconds 6 --image nginx'.split(' ');
  expect(parseCommandLine(args)).toMatchObject({ kubeconfig: 'f', project: 'p', pods: 5, seconds: 6, image: 'nginx' });
});

test('help comes first', () => {
  expect(parseCommandLine(['--help', 'nothing'])).toEqual({ benchmark: 'help' });
});

test.each<[string, string, RegExp]>([
  ['no benchmark', '', /no benchmark without a name/],
  ['one there is none of', 'fly', /no benchmark fly/],
  ['two', 'boot pod-start', /one benchmark at a time/],
  ['an unknown flag', 'boot --fast', /Unknown option/],
  ['a flag of the other benchmark', 'boot --kubeconfig f', /--kubeconfig means nothing to boot/],
  ['how long to watch what is not watched', 'pod-start --seconds 5', /--seconds means nothing to pod-start/],
  ['runs of what takes minutes', 'node --runs 2', /--runs means nothing to node/],
  ['no runs at all', 'boot --runs 0', /--runs must be/],
  ['half a run', 'boot --runs 1.5', /--runs must be/],
  ['a flag without its value', 'boot --runs', /argument missing/],
])('%s: refused', (_name, line, message) => {
  const args = line.split(' ').filter((word) => word !== '');
  expect(() => parseCommandLine(args)).toThrow(UsageError);
  expect(() => parseCommandLine(args)).toThrow(message);
});
