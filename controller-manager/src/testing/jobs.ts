/** Jobs and their pods for tests. */

import type { Job, JobSpec, JobStatus, Pod } from '@kubelab/api/types';
import { indexAnnotation, indexFailuresAnnotation, trackingFinalizer } from '../job/job-pods.js';
import { type JobPlan, planJob } from '../job/plan.js';
import { ago, meta, now, ownedBy, pod, template } from './objects.js';

export const job = (
  spec: Partial<JobSpec> = {},
  status: JobStatus = { startTime: ago(60) },
  more: Partial<Job['metadata']> = {},
): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: meta('work', more),
  spec: { completions: 1, parallelism: 1, backoffLimit: 6, template: template('v1'), ...spec },
  status,
});

export interface WorkerParts {
  phase?: string;
  index?: number;
  exit?: number;
  /** Seconds since it ended. */
  ended?: number;
  failures?: number;
  deleting?: boolean;
  released?: boolean;
  ready?: boolean;
  age?: number;
}
export function worker(
  name: string,
  {
    phase = 'Running',
    index,
    exit,
    ended = 600,
    failures,
    deleting = false,
    released,
    ready = true,
    age = 900,
  }: WorkerParts = {},
): Pod {
  const annotations = {
    ...(index === undefined ? {} : { [indexAnnotation]: String(index) }),
    ...(failures === undefined ? {} : { [indexFailuresAnnotation]: String(failures) }),
  };
  const code = exit ?? (phase === 'Failed' ? 1 : 0);
  const over = phase === 'Failed' || phase === 'Succeeded';
  const state = over ? { terminated: { exitCode: code, finishedAt: ago(ended) } } : { running: {} };
  return pod(name, {
    phase,
    deleting,
    ready: ready && !over,
    owner: ownedBy('Job', 'work', 'batch/v1'),
    metadata: { annotations, creationTimestamp: ago(age), ...(released ? {} : { finalizers: [trackingFinalizer] }) },
    status: { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state }] },
  });
}
export const planOf = (of: Job, pods: Pod[] = [], settled = true): JobPlan =>
  planJob({ job: of, pods, settled, nowMs: now });
export const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
export const succeeded = (name: string, parts: WorkerParts = {}) => worker(name, { phase: 'Succeeded', ...parts });
export const failed = (name: string, parts: WorkerParts = {}) => worker(name, { phase: 'Failed', ...parts });
