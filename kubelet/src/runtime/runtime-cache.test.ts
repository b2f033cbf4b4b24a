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
