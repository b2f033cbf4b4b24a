import type { ContainerStatus, Pod } from '@kubelab/api/types';
import { terminatedStatus } from './terminated-status.js';

const pod = (init: string[] = [], annotations = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '', annotations },
  spec: { containers: [{ name: 'a' }], ...(init.length > 0 ? { initContainers: init.map((name) => ({ name })) } : {}) },
});

const waiting = (name: string): ContainerStatus => status(name, { waiting: { reason: 'ContainerCreating' } });
const done = (name: string, exitCode: number): ContainerStatus => status(name, { terminated: { exitCode } });

function status(name: string, state: ContainerStatus['state']): ContainerStatus {
  return { name, image: '', imageID: '', ready: false, restartCount: 0, ...(state ? { state } : {}) };
}

const reasons = (list: ContainerStatus[] | undefined) =>
  list?.map(({ state }) => state?.terminated?.reason ?? state?.waiting?.reason ?? state?.terminated?.exitCode);

test('a container that was never seen to end is lost, and its pod has failed', () => {
  const result = terminatedStatus(pod(), { phase: 'Pending', containerStatuses: [waiting('a')] });
  expect(result.phase).toBe('Failed');
  expect(result.containerStatuses?.[0]?.state?.terminated).toEqual({
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  });
});

test('what has ended stays as it was', () => {
  const before = { phase: 'Succeeded', containerStatuses: [done('a', 0)] };
  expect(terminatedStatus(pod(), before)).toEqual(before);
});

test('containers that waited for their init containers are not lost, init containers that had their turn are', () => {
  const result = terminatedStatus(pod(['i', 'j', 'k']), {
    phase: 'Pending',
    initContainerStatuses: [
      done('i', 0),
      { ...waiting('j'), lastState: { terminated: { exitCode: 1 } } },
      waiting('k'),
    ],
    containerStatuses: [waiting('a')],
  });
  expect(reasons(result.initContainerStatuses)).toEqual([0, 'ContainerStatusUnknown', 'ContainerCreating']);
  expect(reasons(result.containerStatuses)).toEqual(['ContainerCreating']);
});

test('when the last init container has succeeded, the others are lost', () => {
  const result = terminatedStatus(pod(['i']), {
    phase: 'Pending',
    initContainerStatuses: [done('i', 0)],
    containerStatuses: [waiting('a')],
  });
  expect(reasons(result.containerStatuses)).toEqual(['ContainerStatusUnknown']);
});

test('a static pod keeps its phase: it comes back', () => {
  const fixed = pod([], { 'kubernetes.io/config.source': 'file' });
  expect(terminatedStatus(fixed, { phase: 'Running', containerStatuses: [done('a', 0)] }).phase).toBe('Running');
});
