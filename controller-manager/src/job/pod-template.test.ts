import { job } from '../testing/jobs.js';
import { indexAnnotation, indexFailuresAnnotation, trackingFinalizer } from './job-pods.js';
import { draftJobPod } from './pod-template.js';

describe('a pod of a Job', () => {
  test('is tracked by its finalizer', () => {
    expect(draftJobPod(job(), {}).metadata).toMatchObject({ generateName: 'work-', finalizers: [trackingFinalizer] });
  });

  test('knows its index by annotation, label, name and environment', () => {
    const draft = draftJobPod(job({ completionMode: 'Indexed' }), { index: 3, failures: 2 });
    expect(draft.metadata).toMatchObject({
      generateName: 'work-3-',
      annotations: { [indexAnnotation]: '3', [indexFailuresAnnotation]: '2' },
      labels: { [indexAnnotation]: '3', app: 'web' },
    });
    expect(draft.spec.hostname).toBe('work-3');
    expect(draft.spec.containers[0]?.env).toEqual([
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } } },
    ]);
    const long = draftJobPod(job({ completionMode: 'Indexed' }, {}, { name: 'x'.repeat(63) }), { index: 12 });
    expect(long.metadata.generateName).toBe(`${'x'.repeat(54)}-12-`);
  });
});
