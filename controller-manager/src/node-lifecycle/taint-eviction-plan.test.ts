import type { Taint, Toleration } from '@kubelab/api/types';
import { ago, now, pod } from '../testing/objects.js';
import { planEviction } from './taint-eviction-plan.js';

const taint = (more: Partial<Taint> = {}): Taint => ({ key: 'k', effect: 'NoExecute', timeAdded: ago(100), ...more });
const tolerating = (...tolerations: Toleration[]) => pod('p', { spec: { tolerations } });
const exists = (more: Partial<Toleration> = {}): Toleration => ({
  key: 'k',
  operator: 'Exists',
  effect: 'NoExecute',
  ...more,
});
const secondsFromNow = (eviction: ReturnType<typeof planEviction>) =>
  eviction.stay ? 'stays' : (eviction.at - now) / 1000;

test.each<[string, ReturnType<typeof tolerating>, Taint[], number | string]>([
  ['no toleration: at once', tolerating(), [taint()], -100],
  ['tolerated for ever', tolerating(exists()), [taint()], 'stays'],
  ['tolerated for a while, from when the taint came', tolerating(exists({ tolerationSeconds: 300 })), [taint()], 200],
  ['zero seconds', tolerating(exists({ tolerationSeconds: 0 })), [taint()], -100],
  ['negative seconds count as zero', tolerating(exists({ tolerationSeconds: -5 })), [taint()], -100],
  ['another key', tolerating(exists({ key: 'other' })), [taint()], -100],
  ['every key', tolerating({ operator: 'Exists' }), [taint()], 'stays'],
  ['a value that is equal', tolerating({ key: 'k', value: 'v' }), [taint({ value: 'v' })], 'stays'],
  ['a value that differs', tolerating({ key: 'k', value: 'w' }), [taint({ value: 'v' })], -100],
  ['another effect', tolerating(exists({ effect: 'NoSchedule' })), [taint()], -100],
  [
    'the shortest of several taints',
    tolerating(exists({ tolerationSeconds: 300 }), exists({ key: 'l', tolerationSeconds: 150 })),
    [taint(), taint({ key: 'l' })],
    50,
  ],
  ['the first matching toleration counts', tolerating(exists(), exists({ tolerationSeconds: 1 })), [taint()], 'stays'],
  ['only NoExecute evicts', tolerating(), [taint({ effect: 'NoSchedule' })], 'stays'],
])('%s', (_name, candidate, taints, expected) => {
  expect(secondsFromNow(planEviction(candidate, taints, now))).toBe(expected);
});

test('a pod that came after the taint gets its whole time', () => {
  const late = pod('p', {
    metadata: { creationTimestamp: ago(10) },
    spec: { tolerations: [exists({ tolerationSeconds: 60 })] },
  });
  expect(secondsFromNow(planEviction(late, [taint({ timeAdded: ago(9999) })], now))).toBe(50);
});

test('a taint without a time counts from when it was seen', () => {
  const { timeAdded: _unknown, ...undated } = taint();
  expect(secondsFromNow(planEviction(tolerating(exists({ tolerationSeconds: 60 })), [undated], now - 20_000))).toBe(40);
});
