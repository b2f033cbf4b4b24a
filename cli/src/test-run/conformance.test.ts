import { CliError, UsageError } from '../errors.js';
import { openLab } from '../lab/lab.js';
import { parseImageMap, runConformance, wantsTokenSecrets } from './conformance.js';

const options = {
  lab: openLab('nobodys', '/nowhere'),
  binary: '/nowhere/e2e.test',
  keep: false,
  extra: [],
  write: () => undefined,
  live: false,
};

test('a missing binary is one sentence', async () => {
  await expect(runConformance(options)).rejects.toEqual(new CliError('There is no file /nowhere/e2e.test.'));
});

test('stand-ins are for a cluster of its own', async () => {
  const asked = { ...options, binary: process.execPath, kubeconfig: '/nowhere/config', images: '/nowhere/images.yaml' };
  await expect(runConformance(asked)).rejects.toThrow(UsageError);
});

test.each([
  ['a: b: c', /is not YAML/],
  ['[a, b]', /must be a map/],
  ['a: [b]', /must be a map/],
  ['', /must be a map/],
])('the map of images %j is refused', (text, message) => {
  expect(() => parseImageMap('images.yaml', text)).toThrow(message);
});

test('a map of images is read', () => {
  expect(parseImageMap('images.yaml', 'x.io/a:1: b:2')).toEqual({ 'x.io/a:1': 'b:2' });
});

test.each([
  ['v1.20.2', true],
  ['v1.24.0', false],
  ['v1.34.0', false],
  ['nonsense', false],
])('%s wants token secrets: %s', (version, wanted) => {
  expect(wantsTokenSecrets(version)).toBe(wanted);
});
