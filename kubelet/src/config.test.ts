import { type Config, flags, validate } from './config.js';

const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default])) as Config;
const problems = (more: Partial<Config>) => validate({ ...defaults, 'hostname-override': 'node-1', ...more });

test('the defaults are fine', () => expect(problems({})).toEqual([]));

test.each<[Partial<Config>, RegExp]>([
  [{ 'container-log-max-files': 1 }, /--container-log-max-files must be greater than 1/],
  [{ 'container-log-max-size': 'big' }, /--container-log-max-size/],
  [{ 'container-log-max-size': '0' }, /--container-log-max-size must be greater than 0/],
  [{ 'image-gc-high-threshold': 101 }, /must be between 0 and 100/],
  [{ 'image-gc-low-threshold': 85 }, /must be less than --image-gc-high-threshold/],
  [{ 'eviction-hard': 'cpu<1' }, /unknown eviction signal: cpu/],
  [{ 'eviction-soft': 'memory.available<1Mi' }, /grace period must be specified/],
  [{ 'shutdown-grace-period-critical-pods': 1 }, /--shutdown-grace-period must be at least/],
  [{ 'pod-manifest-path': 'manifests' }, /--pod-manifest-path must be an absolute path/],
  [{ 'container-runtime-endpoint': '/run/x.sock' }, /must be unix:/],
  [{ 'docker-endpoint': 'tcp://127.0.0.1:2375' }, /--docker-endpoint must be unix:/],
  [{ 'pod-infra-container-image': 'a b' }, /--pod-infra-container-image: couldn't parse image name/],
  [{ 'cluster-dns': ['dns'] }, /--cluster-dns must be IP addresses/],
  [{ 'node-labels': ['x'] }, /--node-labels must be NAME=VALUE/],
  [{ 'hostname-override': 'Not_A_Name' }, /is not a valid node name/],
  [{ 'kube-reserved': ['gpu=1'] }, /--kube-reserved/],
])('%j', (change, message) => {
  expect(problems(change).join('\n')).toMatch(message);
});
