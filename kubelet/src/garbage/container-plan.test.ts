import type { PodState, RuntimeContainer } from '../runtime/pod-state.js';
import { surplusContainers } from './container-plan.js';

const now = 1000;
const policy = { minAgeMs: 0, maxPerContainer: 1, maxContainers: -1 };

function container(name: string, createdAt: number, state = 'CONTAINER_EXITED'): RuntimeContainer {
  return { id: `${name}-${createdAt}`, name, createdAt, state } as RuntimeContainer;
}

function pod(uid: string, ...containers: RuntimeContainer[]): PodState {
  return { uid, name: uid, namespace: 'default', sandboxes: [], containers };
}

const ids = (states: PodState[], more: Partial<typeof policy> = {}) =>
  surplusContainers(states, { ...policy, ...more }, now).map(({ id }) => id);

test('one dead container per container is kept beside the running one', () => {
  const states = [
    pod('a', container('x', 9, 'CONTAINER_RUNNING'), container('x', 8), container('x', 7), container('y', 5)),
  ];
  expect(ids(states)).toEqual(['x-7']);
});

test('a container that was made and not yet started is not dead', () => {
  expect(ids([pod('a', container('x', 9, 'CONTAINER_CREATED'), container('x', 8))])).toEqual([]);
});

test('the newest is kept even when none are to be, for its pod’s status', () => {
  expect(ids([pod('a', container('x', 9), container('x', 8))], { maxPerContainer: 0 })).toEqual(['x-8']);
});

test('a negative number keeps all', () => {
  expect(ids([pod('a', container('x', 9), container('x', 8))], { maxPerContainer: -1 })).toEqual([]);
});

test('young ones are kept', () => {
  expect(ids([pod('a', container('x', 990), container('x', 980))], { minAgeMs: 50 })).toEqual([]);
});

test('a limit for the node is shared out, oldest first', () => {
  const states = [
    pod('a', container('x', 9), container('x', 6), container('x', 3)),
    pod('b', container('x', 8), container('x', 5)),
  ];
  expect(ids(states, { maxPerContainer: -1, maxContainers: 2 })).toEqual(['x-3', 'x-5', 'x-6']);
});
