/** batch/v1 Job. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepClone } from '@kubelab/apimachinery/json';
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import { humanDuration } from '@kubelab/apimachinery/time';
import { ageColumn, column, containerColumns, formatLabelSelector, nameColumn, since, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { batchV1 } from '../group-versions.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { keepStatus } from '../status.js';
import type { Job, JobSpec, PodTemplateSpec } from '../types.js';
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
  // What a client has set stays, and is refused by the validation.
  template.metadata.labels = { ...generatedLabels(uid, name), ...template.metadata.labels };
  const matchLabels = { [uidLabel]: uid, ...job.spec.selector?.matchLabels };
  job.spec.selector = { ...job.spec.selector, matchLabels };
}

const generatedLabels = (uid: string, name: string): Record<string, string> => ({
  [legacyUidLabel]: uid,
  [legacyNameLabel]: name,
  [uidLabel]: uid,
  [nameLabel]: name,
});

function validateJob(job: Job): FieldError[] {
  return [
    ...validateObjectMeta(job.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...(job.spec.manualSelector ? [] : validateGeneratedSelector(job)),
    ...validateJobSpec(job.spec, 'spec'),
    ...validateSelector(job.spec),
    ...validatePodHostnames(job),
  ];
}

function validateSelector({ selector, template }: JobSpec): FieldError[] {
  if (!selector) return [required('spec.selector')];
  const problems = validateLabelSelector(selector, 'spec.selector');
  return problems.length > 0 ? problems : validateTemplateLabels(selector, template, 'spec.template.metadata.labels');
}

function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (!spec.selector) return [];
  const wanted = generatedLabels(metadata.uid ?? '', metadata.name);
  const labels = spec.template.metadata?.labels ?? {};
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(wanted)) {
    const path = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) errors.push(required(path, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(path, labels, `must be '${value}'`));
  }
  // One that is none has an error of its own.
  if (validateLabelSelector(spec.selector, 'spec.selector').length > 0) return errors;
  if (validateTemplateLabels(spec.selector, { metadata: { labels: wanted } }, 'spec.selector').length > 0) {
    errors.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
  }
  return errors;
}

/** The pods of an indexed job are named after it and their index. */
function validatePodHostnames({ metadata, spec }: Job): FieldError[] {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return [];
  const longest = `${metadata.name}-${spec.completions - 1}`;
  if (isDNS1123Label(longest).length === 0) return [];
  const why = `will not able to create pod with invalid DNS label: ${longest}`;
  return [invalid('metadata.name', metadata.name, why)];
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
  warnings: ({ metadata, spec }, old) =>
    workloadWarnings({ now: metadata, old: old?.metadata }, spec.template, 'spec.template', { namesPods: true }),
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
