import type { Pod } from '@kubelab/api/types';
import { failureOf, PodTimeline } from './pod-times.js';

function pod(changes: { node?: string; ready?: boolean; waiting?: string; phase?: string } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [], ...(changes.node ? { nodeName: changes.node } : {}) },
    status: {
      ...(changes.phase ? { phase: changes.phase } : {}),
      ...(changes.ready === undefined
        ? {}
        : { conditions: [{ type: 'Ready', status: changes.ready ? 'True' : 'False' }] }),
      ...(changes.waiting
        ? { containerStatuses: [{ name: 'main', state: { waiting: { reason: changes.waiting, message: 'why' } } }] }
        : {}),
    },
  } as unknown as Pod;
}

test('each step counts from the start, when it was first seen', () => {
  const timeline = new PodTimeline();
  timeline.starting('p', 100);
  expect(timeline.seen(pod(), 104)).toBe(false);
  timeline.answered('p', 105);
  expect(timeline.seen(pod({ node: 'node-1' }), 110)).toBe(false);
  expect(timeline.seen(pod({ node: 'node-1', ready: false }), 150)).toBe(false);
  expect(timeline.seen(pod({ node: 'node-1', ready: true }), 400)).toBe(true);
  expect(timeline.seen(pod({ node: 'node-1', ready: true }), 900)).toBe(false);
  expect(timeline.timesOf('p')).toEqual({ answeredMs: 5, scheduledMs: 10, readyMs: 300 });
});

test('the watch may be faster than the answer', () => {
  const timeline = new PodTimeline();
  timeline.starting('p', 0);
  timeline.seen(pod({ node: 'node-1', ready: true }), 8);
  timeline.answered('p', 9);
  expect(timeline.timesOf('p')).toEqual({ answeredMs: 9, scheduledMs: 8, readyMs: 8 });
});

test('deletion counts from its request, and a pod that is gone has no times any more', () => {
  const timeline = new PodTimeline();
  timeline.starting('p', 0);
  timeline.starting('q', 0);
  expect(timeline.gone('q', 50)).toBeUndefined();
  timeline.deleting(100);
  timeline.deleting(120);
  expect(timeline.gone('p', 400)).toBe(300);
  expect(timeline.gone('p', 500)).toBeUndefined();
  expect(timeline.gone('other', 500)).toBeUndefined();
});

test('pods of somebody else do not matter', () => {
  expect(new PodTimeline().seen(pod({ ready: true }), 1)).toBe(false);
});

test('a pod that is not there yet has no times', () => {
  const timeline = new PodTimeline();
  timeline.starting('p', 0);
  timeline.answered('p', 1);
  expect(() => timeline.timesOf('p')).toThrow(/pod p is not Ready yet/);
  expect(() => timeline.timesOf('other')).toThrow(/pod other/);
});

test.each<[string, Pod, string | undefined]>([
  ['a pod on its way', pod({ waiting: 'ContainerCreating' }), undefined],
  ['one without status', { metadata: { name: 'p' } } as Pod, undefined],
  ['an image that is not there', pod({ waiting: 'ErrImagePull' }), 'ErrImagePull: why'],
  ['a failed one', pod({ phase: 'Failed' }), 'it failed'],
])('%s', (_name, object, failure) => {
  expect(failureOf(object)).toBe(failure);
});
