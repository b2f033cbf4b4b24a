import { conflict } from '@kubelab/apimachinery/status-error';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { Registry } from 'prom-client';
import { Controller, ControllerMetrics } from './loop.js';
import { type ReconcileResult, TerminalError } from './reconciler.js';

function setUp(reconcile: (key: string) => Promise<ReconcileResult>, workers = 1) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  const registry = new Registry();
  const metrics = new ControllerMetrics(registry);
  const controller = new Controller({ name: 'test', reconciler: { reconcile }, clock, logger, workers, metrics });
  const stop = new AbortController();
  return { clock, lines, registry, controller, stop, running: controller.run(stop.signal) };
}

describe('Controller', () => {
  test('works on what is added, and comes back when asked to', async () => {
    const seen: string[] = [];
    const { clock, controller } = setUp(async (key) => {
      seen.push(key);
      return seen.length === 1 ? { requeueAfterMs: 1000 } : {};
    });
    controller.enqueue('a');
    await settle();
    expect(seen).toEqual(['a']);
    await clock.advance(1000);
    expect(seen).toEqual(['a', 'a']);
    await clock.advance(100_000);
    expect(seen).toHaveLength(2);
  });

  test('lets others have their turn, however many keys there are', async () => {
    let turn = false;
    const { controller, stop, running } = setUp(async (key) => {
      if (!turn) controller.enqueue(key);
      return {};
    });
    setImmediate(() => {
      turn = true;
    });
    controller.enqueue('a');
    await settle();
    expect(turn).toBe(true);
    stop.abort();
    await running;
  });

  test('tries again after a failure, later and later, and complains', async () => {
    let failures = 3;
    let calls = 0;
    const { clock, controller, lines, registry } = setUp(async () => {
      calls++;
      if (failures-- > 0) throw new Error('no');
      return {};
    });
    controller.enqueue('a');
    await settle();
    await clock.advance(5 + 10 + 20);
    expect(calls).toBe(4);
    expect(lines).toEqual(new Array(3).fill('warn: Reconciling failed, will be retried'));
    expect(await registry.metrics()).toContain('workqueue_retries_total{name="test"} 3');
  });

  test('a conflict is retried without a complaint', async () => {
    let calls = 0;
    const { clock, controller, lines } = setUp(async () => {
      if (calls++ === 0) throw conflict({ group: '', resource: 'pods' }, 'p', 'stale');
      return {};
    });
    controller.enqueue('a');
    await settle();
    await clock.advance(5);
    expect(calls).toBe(2);
    expect(lines).toEqual(['debug: Reconciling will be retried']);
  });

  test('a TerminalError is not retried until the key comes again', async () => {
    let calls = 0;
    const { clock, controller, lines } = setUp(async () => {
      calls++;
      throw new TerminalError('never');
    });
    controller.enqueue('a');
    await settle();
    await clock.advance(1_000_000);
    expect(calls).toBe(1);
    expect(lines).toEqual(['error: Reconciling cannot succeed']);
    controller.enqueue('a');
    await settle();
    expect(calls).toBe(2);
  });

  test('several keys at a time, one key never twice at a time', async () => {
    const running = new Set<string>();
    let most = 0;
    const release: (() => void)[] = [];
    const { controller } = setUp(async (key) => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      most = Math.max(most, running.size);
      await new Promise<void>((resolve) => release.push(resolve));
      running.delete(key);
      return {};
    }, 2);
    for (const key of ['a', 'b', 'c', 'a']) controller.enqueue(key);
    await settle();
    controller.enqueue('a');
    while (release.length > 0) {
      for (const done of release.splice(0)) done();
      await settle();
    }
    expect(most).toBe(2);
    expect(running.size).toBe(0);
  });

  test('stops when told, after the key in hand, and retries nothing then', async () => {
    let finish: (() => void) | undefined;
    const { clock, controller, stop, running } = setUp(async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      throw new Error('too late');
    });
    controller.enqueue('a');
    controller.enqueue('b');
    await settle();
    stop.abort();
    finish?.();
    await running;
    expect(clock.pending).toBe(0);
  });

  test('with a signal that is aborted already it ends at once', async () => {
    const controller = new Controller({
      name: 'test',
      reconciler: { reconcile: () => Promise.reject(new Error('called')) },
      clock: new FakeClock(),
      logger: silentLogger,
    });
    controller.enqueue('a');
    await controller.run(AbortSignal.abort());
  });
});
