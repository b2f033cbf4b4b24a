import type { Pod } from '@kubelab/api/types';
import { deadlineOf, deadlineVerdict } from './deadline.js';

const startTime = '2026-01-01T00:00:00Z';
const at = Date.parse(startTime);
const pod = (activeDeadlineSeconds?: number, status: object = {}): Pod =>
  ({ metadata: {}, spec: { containers: [], activeDeadlineSeconds }, status }) as unknown as Pod;

test.each<[string, Pod, string | undefined, number | undefined]>([
  ['none', pod(), startTime, undefined],
  ['not started', pod(5), undefined, undefined],
  ['started', pod(5), startTime, at + 5000],
  ['started, as the API has it', pod(5, { startTime }), undefined, at + 5000],
])('the deadline of a pod: %s', (_name, found, start, expected) => expect(deadlineOf(found, start)).toBe(expected));

test('the pod must go when it is over, unless it has ended', () => {
  expect(deadlineVerdict(pod(5), startTime, at + 4999)).toBeUndefined();
  expect(deadlineVerdict(pod(5), startTime, at + 5000)).toMatchObject({ reason: 'DeadlineExceeded' });
  expect(deadlineVerdict(pod(5, { phase: 'Succeeded' }), startTime, at + 5000)).toBeUndefined();
});
