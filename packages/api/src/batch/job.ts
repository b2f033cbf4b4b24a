/** batch/v1 Job. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepClone } from '@kubelab/apimachinery/json';
import { humanDuration } from '@kubelab/apimachinery/time';
import { ageColumn, column, containerColumns, formatLabelSelector, nameColumn, since, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { batchV1 } from '../group-versions.js';
import { podSpecWarnings } from '../pod/warnings.js';
import { keepStatus } from '../status.js';
import type { Job, PodTemplateSpec } from '../types.js';
import { validateLabelSelector } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateTemplateLabels } from '../validation/workloads.js';
import { defaultJobSpec, validateJobSpec } from './job-spec.js';

const uidLabel = 'batch.kubernetes.io/controller-uid';
const nameLabel = 'batch.kubernetes.io/job-name';
const legacyUidLabel = 'controller-uid';
const legacyNameLabel = 'job-name';

function hasCondition(job: Job, type: string): boolean {
  return job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

function jobState(job: Job): string {
  if (hasCondition(job, 'Complete')) return 'Complete';
  if (hasCondition(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  if (hasCondition(job, 'Suspended')) return 'Suspended';
  return hasCondition(job, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

function completionsText(job: Job): string {
  const succeeded = job.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job.spec;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(job: Job, now: Date): string {
  const { startTime, completionTime } = job.status ?? {};
  if (!startTime) return '';
  return completionTime ? humanDuration(Date.parse(completionTime) - Date.parse(startTime)) : since(startTime, now);
}

/** Selector and labels that tie pods to this very job. Needs metadata.uid and metadata.name. */
function generateSelector(job: Job): void {
  const { uid, name } = job.metadata;
  const template: PodTemplateSpec = job.spec.template;
  template.metadata ??= {};
  template.metadata.labels = {
    ...template.metadata.labels,
    [legacyUidLabel]: uid,
    [uidLabel]: uid,
    [legacyNameLabel]: name,
    [nameLabel]: name,
  };
  const matchLabels = { ...job.spec.selector?.matchLabels, [uidLabel]: uid };
  job.spec.selector = { ...job.spec.selector, matchLabels };
}

function validateJob(job: Job): FieldError[] {
  const errors = validateObjectMeta(job.metadata, { namespaced: true, name: dnsSubdomainName });
  const { selector } = job.spec;
  if (!selector) errors.push(required('spec.selector'));
  else {
    const problems = validateLabelSelector(selector, 'spec.selector');
    errors.push(...problems);
    if (problems.length === 0) {
      errors.push(...validateTemplateLabels(selector, job.spec.template, 'spec.template.metadata.labels'));
    }
  }
  if (!job.spec.manualSelector && job.spec.template.metadata?.labels?.[uidLabel] !== job.metadata.uid) {
    errors.push(invalid('spec.template.metadata.labels', job.spec.template.metadata?.labels, 'field is generated'));
  }
  return [...errors, ...validateJobSpec(job.spec, 'spec')];
}

function validateUpdate(job: Job, old: Job): FieldError[] {
  const errors = [...validateObjectMetaUpdate(job, old), ...validateJob(job)];
  const elastic = old.spec.completionMode === 'Indexed' && job.spec.completions === job.spec.parallelism;
  if (!elastic) errors.push(...validateImmutable(job.spec.completions, old.spec.completions, 'spec.completions'));
  errors.push(...validateImmutable(job.spec.selector, old.spec.selector, 'spec.selector'));
  errors.push(...validateImmutable(schedulingFree(job, old), schedulingFree(old, old), 'spec.template'));
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    errors.push(...validateImmutable(job.spec[field], old.spec[field], `spec.${field}`));
  }
  return errors;
}

/** The template without what may change while a suspended job has not started: where its pods may run. */
function schedulingFree(job: Job, old: Job): PodTemplateSpec {
  const { template } = job.spec;
  if (!old.spec.suspend || old.status?.startTime) return template;
  const copy = deepClone(template);
  for (const field of ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates'] as const) {
    if (copy.spec) delete copy.spec[field];
  }
  if (copy.metadata) delete copy.metadata.annotations;
  return copy;
}

/** A job without labels has those of its pods. */
function labelLikeTemplate(job: Job): void {
  const labels = job.spec.template.metadata?.labels;
  if (Object.keys(job.metadata.labels ?? {}).length === 0 && labels) job.metadata.labels = { ...labels };
}

const hooks: KindHooks<Job> = {
  default(job) {
    job.spec ??= { template: {} };
    job.status ??= {};
    defaultJobSpec(job.spec);
    labelLikeTemplate(job);
  },
  prepareForCreate(job) {
    job.status = {};
    if (!job.spec.manualSelector) generateSelector(job);
    // Upstream gives defaults again when it reads what it has stored.
    labelLikeTemplate(job);
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(job, old) {
    job.spec = old.spec;
  },
  validate: validateJob,
  validateUpdate,
  validateStatusUpdate: validateObjectMetaUpdate,
  warnings: ({ spec }) => (spec.template.spec ? podSpecWarnings(spec.template.spec, 'spec.template.spec') : []),
  fieldValue: (job, field) => (field === 'status.successful' ? String(job.status?.succeeded ?? 0) : undefined),
};

export const job = defineKind<Job>({
  in: batchV1,
  kind: 'Job',
  categories: ['all'],
  storagePath: 'jobs',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<Job>(),
    column<Job>('Status', 'Status of the job.', jobState),
    column<Job>('Completions', 'io.k8s.api.batch.v1.JobStatus#succeeded', completionsText),
    column<Job>('Duration', 'Time required to complete the job.', (object, { now }) => durationText(object, now)),
    ageColumn<Job>(),
    ...containerColumns<Job>((object) => object.spec.template.spec?.containers),
    column<Job>(
      'Selector',
      'io.k8s.api.batch.v1.JobSpec#selector',
      (object) => formatLabelSelector(object.spec.selector),
      wide,
    ),
  ],
  selectableFields: ['status.successful'],
  generation: true,
  hooks,
});
