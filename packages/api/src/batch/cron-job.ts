/** batch/v1 CronJob. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, containerColumns, formatLabelSelector, nameColumn, since, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { batchV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { CronJob, CronJobSpec } from '../types.js';
import { validateEnum, validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { scheduleError } from './cron-schedule.js';
import { validateJobSpec } from './job-spec.js';

// Jobs are named after their cron job and a time of eleven characters.
const maxNameLength = 52;

function validateCronJob(cronJob: CronJob): FieldError[] {
  const errors = validateObjectMeta(cronJob.metadata, { namespaced: true, name: dnsSubdomainName });
  errors.push(...validateSpec(cronJob.spec));
  if (cronJob.metadata.name.length > maxNameLength) {
    errors.push(invalid('metadata.name', cronJob.metadata.name, `must be no more than ${maxNameLength} characters`));
  }
  return errors;
}

function validateSpec(spec: CronJobSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.schedule) errors.push(required('spec.schedule'));
  else errors.push(...validateSchedule(spec.schedule));
  errors.push(...validateNonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'));
  errors.push(...validateTimeZone(spec.timeZone));
  errors.push(...validateEnum(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'));
  const { spec: jobSpec } = spec.jobTemplate;
  if (jobSpec) errors.push(...validateJobSpec(jobSpec, 'spec.jobTemplate.spec'));
  if (jobSpec?.selector) {
    errors.push(invalid('spec.jobTemplate.spec.selector', jobSpec.selector, '`selector` will be auto-generated'));
  }
  if (jobSpec?.manualSelector) {
    errors.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
  }
  errors.push(...validateNonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'));
  errors.push(...validateNonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'));
  return errors;
}

function validateSchedule(schedule: string): FieldError[] {
  if (schedule.includes('TZ')) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    return [invalid('spec.schedule', schedule, why)];
  }
  const problem = scheduleError(schedule);
  return problem === undefined ? [] : [invalid('spec.schedule', schedule, problem)];
}

function validateTimeZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  if (zone === '') return [invalid('spec.timeZone', zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local')
    return [
      invalid(
        'spec.timeZone',
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [invalid('spec.timeZone', zone, `unknown time zone ${zone}`)];
  }
}

const hooks: KindHooks<CronJob> = {
  default(cronJob) {
    cronJob.spec ??= { schedule: '', jobTemplate: {} };
    cronJob.status ??= {};
    const { spec } = cronJob;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    spec.jobTemplate ??= {};
    spec.jobTemplate.metadata ??= {};
    spec.jobTemplate.spec ??= { template: {} };
    // Only the pods' defaults: the job's own are filled in when it is made.
    spec.jobTemplate.spec.template ??= {};
    defaultPodTemplate(spec.jobTemplate.spec.template);
  },
  prepareForCreate: (cronJob) => clearStatus(cronJob, {}),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(cronJob, old) {
    cronJob.spec = old.spec;
  },
  validate: validateCronJob,
  validateUpdate: (cronJob, old) => [...validateObjectMetaUpdate(cronJob, old), ...validateCronJob(cronJob)],
  validateStatusUpdate: validateObjectMetaUpdate,
  warnings: ({ metadata, spec }, old) => {
    const template = spec.jobTemplate.spec?.template;
    return workloadWarnings({ now: metadata, old: old?.metadata }, template, 'spec.jobTemplate.spec.template');
  },
};

const about = (field: string): string => `io.k8s.api.batch.v1.CronJobSpec#${field}`;

export const cronJob = defineKind<CronJob>({
  in: batchV1,
  kind: 'CronJob',
  shortNames: ['cj'],
  categories: ['all'],
  storagePath: 'cronjobs',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<CronJob>(),
    column<CronJob>('Schedule', about('schedule'), (object) => object.spec.schedule),
    column<CronJob>('Timezone', about('timeZone'), (object) => object.spec.timeZone ?? '<none>'),
    column<CronJob>('Suspend', about('suspend'), (object) => (object.spec.suspend ? 'True' : 'False'), {
      type: 'boolean',
    }),
    column<CronJob>(
      'Active',
      'io.k8s.api.batch.v1.CronJobStatus#active',
      (object) => object.status?.active?.length ?? 0,
      { type: 'integer' },
    ),
    column<CronJob>('Last Schedule', 'io.k8s.api.batch.v1.CronJobStatus#lastScheduleTime', (object, { now }) =>
      object.status?.lastScheduleTime ? since(object.status.lastScheduleTime, now) : '<none>',
    ),
    ageColumn<CronJob>(),
    ...containerColumns<CronJob>((object) => object.spec.jobTemplate.spec?.template.spec?.containers),
    column<CronJob>(
      'Selector',
      'io.k8s.api.batch.v1.JobSpec#selector',
      (object) => formatLabelSelector(object.spec.jobTemplate.spec?.selector),
      wide,
    ),
  ],
  generation: true,
  hooks,
});
