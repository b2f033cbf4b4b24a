/** The small parts that save work: shared revision reads, shared leases, one compactor among many. */

import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { BookmarkWheel } from './bookmark-wheel.js';
import { Compactor } from './compactor.js';
import { withRetries } from './etcd-retry.js';
import { LeasePool } from './lease-pool.js';
import { RevisionReader } from './revision-reader.js';

describe('revision reader', () => {
  function slowEtcd() {
    const answers: ((revision: number) => void)[] = [];
    const currentRevision = (): Promise<{ revision: number; clusterId: string }> =>
      new Promise((resolve) => {
        answers.push((revision) => resolve({ revision, clusterId: '' }));
      });
    return { answers, reader: new RevisionReader({ currentRevision }) };
  }

  test('a request does not use a question that was asked before it', async () => {
    const { answers, reader } = slowEtcd();
    const first = reader.read();
    const [second, third] = [reader.read(), reader.read()];
    expect(answers).toHaveLength(1);
    answers[0]?.(5);
    await expect(first).resolves.toBe(5);
    await settle();
    expect(answers).toHaveLength(2);
    answers[1]?.(9);
    await expect(Promise.all([second, third])).resolves.toEqual([9, 9]);
  });

  test('a failure concerns only those that shared the question', async () => {
    let calls = 0;
    const reader = new RevisionReader({
      currentRevision: async () => {
        if (++calls === 1) throw new Error('away');
        return { revision: 3, clusterId: '' };
      },
    });
    const [first, second] = [reader.read(), reader.read()];
    await expect(first).rejects.toThrow('away');
    await expect(second).resolves.toBe(3);
  });
});

describe('lease pool', () => {
  test('objects share a lease that lasts long enough, for a while', async () => {
    const clock = new FakeClock();
    const granted: number[] = [];
    const pool = new LeasePool({ grantLease: async (ttl) => `lease${granted.push(ttl)}` }, clock);
    await expect(pool.get(3_600)).resolves.toBe('lease1');
    await expect(pool.get(3_600)).resolves.toBe('lease1');
    await clock.advance(59_000);
    await expect(pool.get(3_600)).resolves.toBe('lease1');
    await clock.advance(2_000);
    await expect(pool.get(3_600)).resolves.toBe('lease2');
    await expect(pool.get(100)).resolves.toBe('lease3');
    expect(granted).toEqual([3_660, 3_660, 105]);
  });

  test('a lease takes a thousand objects', async () => {
    let leases = 0;
    const pool = new LeasePool({ grantLease: async () => `lease${++leases}` }, new FakeClock());
    for (let index = 0; index < 1_001; index++) await pool.get(3_600);
    expect(leases).toBe(2);
  });

  test('a failed grant is not kept', async () => {
    let fail = true;
    const grantLease = async (): Promise<string> => {
      if (fail) throw new Error('away');
      return 'lease';
    };
    const pool = new LeasePool({ grantLease }, new FakeClock());
    await expect(pool.get(60)).rejects.toThrow('away');
    fail = false;
    await expect(pool.get(60)).resolves.toBe('lease');
  });
});

describe('compactor', () => {
  function sharedEtcd() {
    const state = { version: 0, revision: 100, compacted: [] as number[] };
    const client = {
      putAtVersion: async (request: { value: string; expectedVersion: number }) => {
        const succeeded = request.expectedVersion === state.version;
        if (succeeded) state.version++;
        return { succeeded, version: state.version, revision: ++state.revision };
      },
      compact: async (revision: number) => void state.compacted.push(revision),
    };
    return { state, client };
  }

  test('compacts to where it was an interval ago, and of two only one does', async () => {
    const { state, client } = sharedEtcd();
    const clock = new FakeClock();
    const failures: unknown[] = [];
    const options = { client, clock, intervalMs: 300_000, onFailure: (error: unknown) => failures.push(error) };
    const compactors = [new Compactor(options), new Compactor(options)];
    for (const compactor of compactors) compactor.start();
    for (let turn = 0; turn < 5; turn++) {
      state.revision += 1_000;
      await clock.advance(300_000);
    }
    // No turn compacts what is younger than an interval, and each at most once.
    expect(state.compacted.length).toBeGreaterThanOrEqual(3);
    expect(state.compacted.length).toBeLessThanOrEqual(4);
    expect(state.compacted).toEqual([...state.compacted].sort((a, b) => a - b));
    expect(Math.max(...state.compacted)).toBeLessThan(state.revision - 1_000);
    for (const compactor of compactors) await compactor.stop();
    expect(failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('a failure is reported and the next turn comes', async () => {
    const failures: unknown[] = [];
    const clock = new FakeClock();
    const client = {
      putAtVersion: async () => {
        throw new Error('away');
      },
      compact: async () => undefined,
    };
    const compactor = new Compactor({ client, clock, intervalMs: 1_000, onFailure: (error) => failures.push(error) });
    compactor.start();
    await clock.advance(2_500);
    expect(failures).toHaveLength(2);
    await compactor.stop();
  });
});

test('each watcher is reminded about once a minute, spread over the minute', async () => {
  const clock = new FakeClock();
  const wheel = new BookmarkWheel(clock);
  wheel.start();
  const counts = Array.from({ length: 120 }, () => 0);
  const remind = (index: number) => (): void => {
    counts[index] = (counts[index] ?? 0) + 1;
  };
  const stops = counts.map((_, index) => wheel.add(remind(index)));
  await clock.advance(180_000);
  expect(new Set(counts)).toEqual(new Set([3]));
  for (const stop of stops) stop();
  await clock.advance(60_000);
  expect(new Set(counts)).toEqual(new Set([3]));
  wheel.stop();
  expect(clock.pending).toBe(0);
});

describe('retries', () => {
  const unsent = new Error('14 UNAVAILABLE: No connection established. Last error: refused');
  const broken = new Error('14 UNAVAILABLE: Connection dropped');

  async function outcome(repeatable: boolean, errors: Error[]): Promise<unknown> {
    const clock = new FakeClock();
    let calls = 0;
    const result = withRetries({ clock, timeoutMs: 1_000, repeatable }, async () => {
      const error = errors[calls++];
      if (error) throw error;
      return `after ${calls}`;
    }).catch((error: unknown) => error);
    for (let step = 0; step < 20; step++) await clock.advance(100);
    return result;
  }

  test('a read is repeated, a write only when it cannot have arrived', async () => {
    expect(await outcome(true, [broken, unsent])).toBe('after 3');
    expect(await outcome(false, [unsent])).toBe('after 2');
    expect(await outcome(false, [broken])).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  });

  test.each(['2 ERROR: raft proposal dropped', '8 ERROR: etcdserver: too many requests'])(
    'a write that etcd refused at the door is sent again: %s',
    async (text) => {
      const refused = new Error(text);
      expect(await outcome(false, [refused, refused])).toBe('after 3');
      const always = Array.from({ length: 50 }, () => refused);
      expect(await outcome(false, always)).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    },
  );

  test.each([
    ['4 DEADLINE_EXCEEDED: Deadline exceeded', { code: 504, reason: 'Timeout' }],
    ['14 UNAVAILABLE: etcdserver: request timed out', { code: 504, reason: 'Timeout' }],
    ['2 ERROR: context deadline exceeded', { code: 504, reason: 'Timeout' }],
    ['2 ERROR: context canceled', { code: 503, reason: 'ServiceUnavailable' }],
    [
      '3 INVALID_ARGUMENT: etcdserver: request is too large',
      { code: 500, message: 'etcdserver: request is too large' },
    ],
    ['11 OUT_OF_RANGE: etcdserver: mvcc: required revision has been compacted', { name: 'CompactedError' }],
    [
      '11 OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision',
      { message: expect.stringContaining('future') },
    ],
  ])('%s is told apart', async (text, expected) => {
    expect(await outcome(false, [new Error(text)])).toMatchObject(expected);
  });

  test('it gives up when the time is over', async () => {
    expect(
      await outcome(
        true,
        Array.from({ length: 50 }, () => unsent),
      ),
    ).toMatchObject({ code: 503 });
  });
});
