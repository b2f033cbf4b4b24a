import { parseFlags } from '@kubelab/component/flags';
import { flags, socketPath, validate } from './config.js';

const parse = (...args: string[]) => parseFlags({ name: 'dockershim', description: '', flags }, args);

test('the defaults are valid', () => {
  expect(validate(parse())).toEqual([]);
  expect(socketPath(parse().listen)).toBe('/run/kubelab/cri.sock');
});

test('every problem is told at once', () => {
  expect(
    validate(
      parse(
        '--docker-endpoint=tcp://1.2.3.4',
        '--streaming-address=nowhere',
        '--streaming-port=70000',
        '--max-parallel-starts=0',
        '--engine-restart-command= ',
        '--root-dir=here',
      ),
    ),
  ).toEqual([
    '--docker-endpoint must be unix:///path, not "tcp://1.2.3.4"',
    '--streaming-address must be an IP address, not "nowhere"',
    '--streaming-port must be between 0 and 65535, not 70000',
    '--max-parallel-starts must be at least 1',
    '--engine-restart-command must not be empty while --engine-config-file is set',
    '--root-dir must be an absolute path',
  ]);
});
