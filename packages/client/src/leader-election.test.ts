import { silentLogger } from '@kubelab/component/logger';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { ConnectionError } from './client.js';
import { runAsLeader } from './leader-election.js';
import { createMemoryClient, type MemoryClient } from './testing/memory-client.js';

const leaseKey = 'leases/kube-system/kube-test';
const spec = (client: MemoryClient) => client.objects.get(leaseKey)?.['spec'] as Record<string, unknown> | undefined;

function elect(client: MemoryClient, clock: FakeClock, identity: string) {
  const stop = new AbortController();
  const state = { leading: false, stopped: false, outcome: 'running' };
  const lead = (signal: AbortSignal): Promise<void> => {
    state.leading = true;
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        state.stopped = true;
        resolve();
      }),
    );
  };
  const options = {
    client,
    clock,
    logger: silentLogger,
    name: 'kube-test',
    identity,
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2000,
  };
  const done = runAsLeader(options, lead, stop.signal).then(
    () => {
      state.outcome = 'ended';
    },
    (error: Error) => {
      state.outcome = error.message;
    },
  );
  return { state, stop, done };
}

/** In steps, as time passes, so that what follows from one moment is done before the next. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await clock.advance(1000);
}

describe('runAsLeader', () => {
  test('takes a lease that nobody has, renews it, and gives it back at the end', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const one = elect(client, clock, 'one');
    await settle();
    expect(one.state.leading).toBe(true);
    expect(spec(client)).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await pass(clock, 60);
    expect(spec(client)).toMatchObject({
      renewTime: '2026-01-01T00:01:00.000000Z',
      acquireTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    one.stop.abort(new Error('stop'));
    await one.done;
    expect(one.state).toEqual({ leading: true, stopped: true, outcome: 'ended' });
    expect(spec(client)).toMatchObject({ holderIdentity: '' });
  });

  test('a second one waits, and takes over at once what is given back', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const one = elect(client, clock, 'one');
    await settle();
    const two = elect(client, clock, 'two');
    await pass(clock, 60);
    expect([one.state.leading, two.state.leading]).toEqual([true, false]);
    one.stop.abort(new Error('stop'));
    await one.done;
    await pass(clock, 2);
    expect(two.state.leading).toBe(true);
    expect(spec(client)).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
  });

  test('one that died is waited for as long as its lease lasts, by our own clock', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    // Renewed in what is a far future to us: clocks need not agree.
    await client.create(
      { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'kube-test', namespace: 'kube-system' },
        spec: {
          holderIdentity: 'dead',
          leaseDurationSeconds: 15,
          renewTime: '2030-01-01T00:00:00.000000Z',
          leaseTransitions: 4,
        },
      } as never,
    );
    const one = elect(client, clock, 'one');
    await pass(clock, 15);
    expect(one.state.leading).toBe(false);
    await pass(clock, 3);
    expect(one.state.leading).toBe(true);
    expect(spec(client)).toMatchObject({ holderIdentity: 'one', leaseTransitions: 5 });
  });

  test('of two who try at the same moment one wins', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const both = [elect(client, clock, 'one'), elect(client, clock, 'two')];
    await pass(clock, 10);
    expect(both.filter(({ state }) => state.leading)).toHaveLength(1);
  });

  test('a short outage is survived', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const one = elect(client, clock, 'one');
    await settle();
    client.before = () => {
      throw new ConnectionError('refused');
    };
    await pass(clock, 8);
    client.before = () => undefined;
    await pass(clock, 60);
    expect(one.state).toEqual({ leading: true, stopped: false, outcome: 'running' });
  });

  test.each([
    ['refuses', () => Promise.reject(new ConnectionError('refused'))],
    ['hangs', () => new Promise<void>(() => undefined)],
  ])('a server that %s for too long ends the lead before the lease runs out', async (_how, before) => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const one = elect(client, clock, 'one');
    await settle();
    client.before = before;
    await pass(clock, 13);
    expect(one.state).toEqual({
      leading: true,
      stopped: true,
      outcome: 'leader election lost: lease kube-test was not renewed in time',
    });
  });

  test('a lease that another took is lost', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const one = elect(client, clock, 'one');
    await settle();
    const lease = client.objects.get(leaseKey);
    if (lease) lease['spec'] = { ...(lease['spec'] as object), holderIdentity: 'thief', renewTime: 'later' };
    await pass(clock, 13);
    expect(one.state.outcome).toMatch(/^leader election lost/);
    expect(spec(client)).toMatchObject({ holderIdentity: 'thief' });
  });

  test('work that fails ends it with its error, and gives the lease back', async () => {
    const [client, clock] = [createMemoryClient(), new FakeClock()];
    const options = {
      client,
      clock,
      logger: silentLogger,
      name: 'kube-test',
      identity: 'one',
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2000,
    };
    const failing = runAsLeader(options, () => Promise.reject(new Error('broken')), new AbortController().signal);
    await expect(failing).rejects.toThrow('broken');
    expect(spec(client)).toMatchObject({ holderIdentity: '' });
  });
});
