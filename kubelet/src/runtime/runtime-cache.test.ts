import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import type { PodState } from './pod-state.js';
import { RuntimeCache } from './runtime-cache.js';

const uid = 'd0d0';

function podState(ip: string): PodState {
  const sandbox = { id: 's1', attempt: 0, ready: true, createdAt: 1, ips: [ip], hostNetwork: false };
  return { uid, name: 'web', namespace: 'default', sandboxes: [sandbox], containers: [] };
}

async function* noEvents(): AsyncGenerator<never> {}

function startCache(): { cache: RuntimeCache; found: (state: PodState | undefined) => void; changes: unknown[] } {
  let next: PodState | undefined;
  const changes: unknown[] = [];
  const cache = new RuntimeCache({
    reader: { read: async () => next, listAll: async () => ({ sandboxes: [], containers: [] }) },
    client: { getContainerEvents: noEvents },
    clock: new FakeClock(),
    logger: silentLogger,
    metrics: { relist: () => undefined, pods: () => undefined },
    onChange: (_uid, state) => changes.push(state?.sandboxes[0]?.ips[0]),
  });
  return {
    cache,
    changes,
    found: (state) => {
      next = state;
    },
  };
}

test('a read that finds nothing new is no change', async () => {
  const { cache, found, changes } = startCache();
  found(podState('10.0.0.1'));
  await cache.refresh(uid);
  found(podState('10.0.0.1'));
  await cache.refresh(uid);
  expect(changes).toEqual(['10.0.0.1']);
});

test('what is different, and what is gone, is told once', async () => {
  const { cache, found, changes } = startCache();
  for (const state of [podState('10.0.0.1'), podState('10.0.0.2'), undefined, undefined]) {
    found(state);
    expect(await cache.refresh(uid)).toEqual(state);
  }
  expect(changes).toEqual(['10.0.0.1', '10.0.0.2', undefined]);
});

/** A stream of events that the test sends; `send` resolves when the cache has acted on them. */
function eventQueue(clock: FakeClock): {
  events: () => AsyncGenerator<never>;
  send: (...events: object[]) => Promise<void>;
} {
  const queue: object[] = [];
  let wake: () => void = () => undefined;
  async function* events(): AsyncGenerator<never> {
    for (;;) {
      while (queue.length > 0) yield queue.shift() as never;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return {
    events,
    send: async (...more) => {
      queue.push(...more);
      wake();
      for (let round = 0; round < 20; round++) await Promise.resolve();
      await clock.advance(100);
    },
  };
}

const podSandboxStatus = { metadata: { uid }, labels: {} };

function eventOf(type: string, containerId: string, sandbox: object | null = podSandboxStatus): object {
  return { containerEventType: `CONTAINER_${type}_EVENT`, containerId, podSandboxStatus: sandbox, createdAt: 0 };
}

interface Listening {
  cache: RuntimeCache;
  /** What was read: pods, or `all`. */
  reads: string[];
  send: (...events: object[]) => Promise<void>;
  found: (state: PodState | undefined) => void;
  clock: FakeClock;
}

/** A cache that knows one pod and hears of events until the signal aborts. */
async function startListening(signal: AbortSignal): Promise<Listening> {
  const reads: string[] = [];
  const clock = new FakeClock();
  const { events, send } = eventQueue(clock);
  let state: PodState | undefined = podState('10.0.0.1');
  const cache = new RuntimeCache({
    reader: {
      read: async (id) => {
        reads.push(id);
        return state;
      },
      listAll: async () => {
        reads.push('all');
        return { sandboxes: [], containers: [] };
      },
    },
    client: { getContainerEvents: events },
    clock,
    logger: silentLogger,
    metrics: { relist: () => undefined, pods: () => undefined },
    onChange: () => undefined,
  });
  await cache.start(signal);
  await cache.refresh(uid);
  reads.length = 0;
  const found = (next: PodState | undefined): void => {
    state = next;
  };
  return { cache, reads, send, found, clock };
}

const stop = new AbortController();
afterAll(() => stop.abort());

test('events of what is known are no reason to read; others are', async () => {
  const { reads, send, found } = await startListening(stop.signal);
  await send(eventOf('CREATED', 'c1'), eventOf('STARTED', 's1'));
  expect(reads).toEqual([]);
  await send(eventOf('STARTED', 'c1'));
  expect(reads).toEqual([uid]);
  await send(eventOf('STOPPED', 's1', null));
  expect(reads).toEqual([uid, uid]);
  found(undefined);
  await send(eventOf('DELETED', 's1', null));
  expect(reads).toEqual([uid, uid, uid]);
  await send(eventOf('DELETED', 's1', null), eventOf('DELETED', 'c1', null));
  expect(reads).toHaveLength(3);
  await send(eventOf('STOPPED', 'somebody', null));
  expect(reads).toEqual([uid, uid, uid, 'all']);
});

test('who holds a pod reads it afterwards; where nobody did, its events still count', async () => {
  const { cache, reads, send, clock } = await startListening(stop.signal);
  await cache.holding(uid, async () => {
    await send(eventOf('STOPPED', 's1'));
    expect(reads).toEqual([]);
  });
  await clock.advance(100);
  expect(reads).toEqual([uid]);
  await cache.holding(uid, () => send(eventOf('STARTED', 's1')));
  await clock.advance(100);
  expect(reads).toEqual([uid]);
});
