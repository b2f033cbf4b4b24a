import type { Pod, Probe } from '@kubelab/api/types';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import type { PodState } from '../runtime/pod-state.js';
import type { ProbeKind } from './probe-result.js';
import { Prober, type ProberOptions } from './prober.js';

const begin = 1_000_000;
let clock: FakeClock;
/** What the next commands answer: an exit code, or an error of the runtime. */
let answers: (number | Error)[];
/** When which command ran, in seconds since the container started. */
let runs: string[];
let told: string[];
let changes: number;
let prober: Prober;

beforeEach(() => {
  clock = new FakeClock(begin);
  [answers, runs, told, changes] = [[], [], [], 0];
  prober = new Prober({
    runtime: {
      execSync: async ({ cmd, timeout }: { cmd: string[]; timeout: number }) => {
        runs.push(`${cmd.join(' ')}@${(clock.now() - begin) / 1000}${timeout === 1 ? '' : `<${timeout}`}`);
        const answer = answers.shift() ?? 0;
        if (answer instanceof Error) throw answer;
        return { exitCode: answer, stdout: Buffer.from(''), stderr: Buffer.from('no') };
      },
    },
    events: {
      event: (_pod: Pod, _type: string, reason: string, message: string) => told.push(`${reason}: ${message}`),
    },
    clock,
    onChange: () => {
      changes += 1;
    },
    count: () => undefined,
  } as unknown as ProberOptions);
});

type Probes = Partial<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe>>;

const exec = (name: string, more: Partial<Probe> = {}): Probe => ({ exec: { command: [name] }, ...more });
const podOf = (probes: Probes, status: object = {}): Pod =>
  ({
    metadata: { name: 'web', namespace: 'default', uid: 'u1' },
    spec: { containers: [{ name: 'app', ...probes }] },
    status,
  }) as unknown as Pod;
const stateOf = (id = 'c1', startedAt = begin): PodState =>
  ({
    sandboxes: [],
    containers: [{ id, name: 'app', state: 'CONTAINER_RUNNING', startedAt }],
  }) as unknown as PodState;

function watch(probes: Probes, state = stateOf(), terminating = false): void {
  prober.sync(podOf(probes), state, { terminating, hostIP: '' });
}

async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 0.5) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const outcome = (kind: ProbeKind, id = 'c1') => prober.get(kind, id);

test('initialDelaySeconds, then every periodSeconds, with timeoutSeconds', async () => {
  watch({ readinessProbe: exec('ready', { initialDelaySeconds: 3, periodSeconds: 2, timeoutSeconds: 7 }) });
  await pass(8);
  expect(runs).toEqual(['ready@3<7', 'ready@5<7', 'ready@7<7']);
});

test('the defaults: at once, and every ten seconds', async () => {
  watch({ readinessProbe: exec('ready') });
  expect(outcome('Readiness')).toBe('Failure');
  await pass(21);
  expect(runs.map((run) => Math.floor(Number(run.split('@')[1])))).toEqual([0, 10, 20]);
  expect([outcome('Readiness'), changes]).toEqual(['Success', 1]);
});

test('successThreshold and failureThreshold count answers in a row', async () => {
  answers = [0, 1, 0, 0, 1, 0, 1, 1];
  watch({ readinessProbe: exec('r', { periodSeconds: 1, successThreshold: 2, failureThreshold: 2 }) });
  const seen: (string | undefined)[] = [];
  await pass(0.5);
  for (let index = 0; index < 8; index++) {
    seen.push(outcome('Readiness'));
    await pass(1);
  }
  expect(seen.map((value) => value === 'Success')).toEqual([false, false, false, true, true, true, true, false]);
  expect(told).toHaveLength(4);
  expect(told[0]).toBe('Unhealthy: Readiness probe failed: no');
});

test('a startup probe holds the others back, and lets them begin as early as they want to', async () => {
  answers = [1, 1, 0];
  watch({
    startupProbe: exec('start', { periodSeconds: 1, failureThreshold: 5 }),
    readinessProbe: exec('ready'),
    livenessProbe: exec('alive', { initialDelaySeconds: 6 }),
  });
  await pass(8);
  const [first, second, third, ...others] = runs;
  expect([first, second, third].map((run) => run?.split('@')[0])).toEqual(['start', 'start', 'start']);
  expect(others.map((run) => run.split('@')[0])).toEqual(['ready', 'alive']);
  expect(Number(others[0]?.split('@')[1])).toBeLessThan(4);
  expect(Number(others[1]?.split('@')[1])).toBeGreaterThanOrEqual(6);
});

test('a startup probe that fails for good says so, and the others never begin', async () => {
  answers = [1, 1, 1, 1];
  watch({ startupProbe: exec('start', { periodSeconds: 1, failureThreshold: 2 }), livenessProbe: exec('alive') });
  await pass(30);
  expect([outcome('Startup'), runs.length]).toEqual(['Failure', 2]);
});

test('a liveness probe that has failed is silent until the container is another one', async () => {
  answers = [1, 1, 1];
  const probes = { livenessProbe: exec('alive', { periodSeconds: 1 }) };
  watch(probes);
  await pass(10);
  expect([outcome('Liveness'), runs.length]).toEqual(['Failure', 3]);
  watch(probes, stateOf('c2', clock.now()));
  await pass(0.5);
  expect([outcome('Liveness'), outcome('Liveness', 'c2'), runs.length]).toEqual([undefined, 'Success', 4]);
});

test('a probe that cannot be made is repeated, told of, and changes nothing', async () => {
  answers = [new Error('runtime is away'), new Error('runtime is away'), new Error('runtime is away')];
  watch({ livenessProbe: exec('alive', { failureThreshold: 1 }) });
  await pass(5);
  expect(runs).toHaveLength(3);
  expect(told).toEqual(['Unhealthy: Liveness probe errored and resulted in unknown state: runtime is away']);
  expect([outcome('Liveness'), changes]).toEqual(['Success', 0]);
});

test('a pod that ends is asked only whether it is ready', async () => {
  const probes = { readinessProbe: exec('ready'), livenessProbe: exec('alive') };
  watch(probes);
  await pass(1);
  watch(probes, stateOf(), true);
  await pass(10);
  expect(runs.map((run) => run.split('@')[0])).toEqual(['ready', 'alive', 'ready']);
  prober.forget('u1');
  await pass(20);
  expect(runs).toHaveLength(3);
});

test('a clock that was set back keeps no probe waiting for longer than its delay', async () => {
  watch({ readinessProbe: exec('ready', { initialDelaySeconds: 2 }) }, stateOf('c1', begin + 86_400_000));
  await pass(3);
  expect(runs).toEqual(['ready@2']);
});
