import { stringFlag } from './flags.js';
import { ConfigError, runService, type ServiceDefinition } from './service.js';

let out: string[];
let err: string[];
const streams = { out: process.stdout.write, err: process.stderr.write };
const watched = ['SIGTERM', 'SIGINT', 'unhandledRejection', 'uncaughtException'];
let before: Map<string, unknown[]>;

beforeEach(() => {
  before = new Map(watched.map((event) => [event, process.listeners(event as NodeJS.Signals)]));
  out = [];
  err = [];
  process.stdout.write = (text: string | Uint8Array) => out.push(String(text)) > 0;
  process.stderr.write = (text: string | Uint8Array) => err.push(String(text)) > 0;
});
afterEach(() => {
  process.stdout.write = streams.out;
  process.stderr.write = streams.err;
  // A program runs one service and ends; a test runs many.
  for (const event of watched) {
    for (const listener of process.listeners(event as NodeJS.Signals))
      if (!before.get(event)?.includes(listener)) process.removeListener(event, listener);
  }
});

const flags = { kubeconfig: stringFlag('path') };
const service = (more: Partial<ServiceDefinition<typeof flags>> = {}): ServiceDefinition<typeof flags> => ({
  name: 'kube-test',
  description: 'tests',
  flags,
  run: () => Promise.resolve(),
  ...more,
});

describe('runService', () => {
  test('gives the values and ends with 0', async () => {
    let seen: unknown;
    const run = async (values: { kubeconfig: string }): Promise<void> => {
      seen = values.kubeconfig;
    };
    expect(await runService(service({ run }), ['--kubeconfig=/k'])).toBe(0);
    expect(seen).toBe('/k');
  });

  test('wrong usage is one line and code 2', async () => {
    expect(await runService(service(), ['--kubeconfg=/k'])).toBe(2);
    expect(err.join('')).toMatch(/^kube-test: unknown option .*\(see kube-test --help\)\n$/s);
    expect(err.join('').trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('all problems of the configuration are one line and code 1, before anything runs', async () => {
    const run = (): Promise<void> => Promise.reject(new Error('ran'));
    const validate = (): string[] => ['--kubeconfig is required', '--port is odd'];
    expect(await runService(service({ run, validate }), [])).toBe(1);
    expect(err.join('')).toBe('kube-test: --kubeconfig is required; --port is odd\n');
  });

  test('a failure while running is one line and code 1', async () => {
    const run = (): Promise<void> => Promise.reject(new ConfigError(['--tls-cert-file: file /x does not exist']));
    expect(await runService(service({ run }), [])).toBe(1);
    expect(err.join('')).toBe('kube-test: --tls-cert-file: file /x does not exist\n');
  });

  test('--help is an answer, not a failure', async () => {
    expect(await runService(service(), ['--help'])).toBe(0);
    expect(out.join('')).toContain('--kubeconfig');
    expect(err).toEqual([]);
  });

  test('SIGTERM aborts the signal; the end is waited for and is no failure', async () => {
    const steps: string[] = [];
    const run: ServiceDefinition<typeof flags>['run'] = async (_values, { signal }) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
        process.emit('SIGTERM', 'SIGTERM');
      });
      await new Promise((resolve) => setImmediate(resolve));
      steps.push(`stopped: ${(signal.reason as Error).message}`);
    };
    expect(await runService(service({ run }), [])).toBe(0);
    expect(steps).toEqual(['stopped: received SIGTERM']);
  });

  test('the registry has the process metrics', async () => {
    let text = '';
    const run: ServiceDefinition<typeof flags>['run'] = async (_values, { registry }) => {
      text = await registry.metrics();
    };
    await runService(service({ run }), []);
    expect(text).toContain('process_cpu_seconds_total');
  });
});
