import type { Job } from '@kubelab/api/types';
import { ago, meta, now, template } from '../testing/objects.js';
import { untilExpired } from './plan.js';

const job = (ttl: number | undefined, end: string | undefined, more: object = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: meta('work', more),
  spec: { template: template('v1'), ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }) },
  status: end
    ? {
        conditions: [
          { type: 'Suspended', status: 'False' },
          { type: end, status: 'True', lastTransitionTime: ago(60) },
        ],
      }
    : {},
});

test.each<[string, Job, number | undefined]>([
  ['finished, with time left', job(100, 'Complete'), 40_000],
  ['failed, time over', job(30, 'Failed'), 0],
  ['at once', job(0, 'Complete'), 0],
  ['without a limit', job(undefined, 'Complete'), undefined],
  ['still running', job(0, undefined), undefined],
  ['going already', job(0, 'Complete', { deletionTimestamp: ago(1) }), undefined],
])('%s', (_name, of, expected) => {
  expect(untilExpired(of, now)).toBe(expected);
});
