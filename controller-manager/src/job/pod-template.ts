/** The pods of a Job: pure. */

import type { EnvVar, Job, Pod, PodSpec } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { podFromTemplate } from '../pods/pod-control.js';
import { indexAnnotation, indexFailuresAnnotation, isIndexed, trackingFinalizer } from './job-pods.js';

export interface NewPod {
  /** Completion index of an Indexed Job. */
  index?: number;
  /** How often the index has failed before, when that is limited. */
  failures?: number;
}

const longestName = 63;
/** The server adds five letters. */
const longestPrefix = longestName - 5;

export function draftJobPod(job: Job, { index, failures }: NewPod): Draft<Pod> {
  const draft = podFromTemplate(job, job.spec.template);
  const finalizers = [...(draft.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined || !isIndexed(job)) return { ...draft, metadata: { ...draft.metadata, finalizers } };
  const { metadata } = draft;
  const text = String(index);
  const marks = {
    ...(failures === undefined ? {} : { [indexFailuresAnnotation]: String(failures) }),
    [indexAnnotation]: text,
  };
  return {
    ...draft,
    metadata: {
      ...metadata,
      finalizers,
      generateName: indexedPrefix(job.metadata.name, index),
      labels: { ...metadata.labels, [indexAnnotation]: text },
      annotations: { ...metadata.annotations, ...marks },
    },
    spec: withIndex({ ...draft.spec, hostname: `${job.metadata.name}-${index}`.slice(0, longestName) }),
  };
}

/** `job-3-`: the index stays readable however long the Job's name is. */
function indexedPrefix(jobName: string, index: number): string {
  const suffix = `-${index}-`;
  return `${jobName.slice(0, longestPrefix - suffix.length)}${suffix}`;
}

const indexVariable: EnvVar = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexAnnotation}']` } },
};

function withIndex(spec: PodSpec): PodSpec {
  const add = <C extends { env?: EnvVar[] }>(container: C): C =>
    container.env?.some(({ name }) => name === indexVariable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), indexVariable] };
  return {
    ...spec,
    containers: spec.containers.map(add),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(add) } : {}),
  };
}
