/** Defaults and validation of job specs, as they are in jobs and in the template of cron jobs. */
import { type FieldError, invalid, notSupported, required, tooLong } from '@kubelab/apimachinery/field-error';
import { defaultPodTemplate } from '../pod/defaults.js';
import { validatePodTemplate } from '../pod/validation/pod-spec.js';
import type { JobSpec } from '../types.js';
import { validateDomainPrefixedPath, validateNonNegative, validateOptionalEnum } from '../validation/fields.js';
import { validatePodFailurePolicy, validateSuccessPolicy } from './job-policies.js';

const int32Max = 2 ** 31 - 1;
const maxManagedByLength = 63;
/** What the status of an indexed job can tell of. */
const maxIndexes = 100_000;
const limitForManyCompletions = 10_000;

export function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : int32Max;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
  spec.template ??= {};
  defaultPodTemplate(spec.template);
}

export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    errors.push(...validateNonNegative(spec[field], `${path}.${field}`));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  errors.push(...validateManagedBy(spec.managedBy, `${path}.managedBy`));
  errors.push(...validateCompletionMode(spec, path));
  if (spec.podFailurePolicy) errors.push(...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`));
  if (spec.successPolicy) errors.push(...validateSuccessPolicy(spec, `${path}.successPolicy`));
  const policies = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  errors.push(...validateOptionalEnum(spec.podReplacementPolicy, policies, `${path}.podReplacementPolicy`));
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  errors.push(...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`));
  return errors;
}

function validateManagedBy(managedBy: string | undefined, path: string): FieldError[] {
  if (managedBy === undefined) return [];
  const errors = validateDomainPrefixedPath(managedBy, path);
  if (managedBy.length > maxManagedByLength) errors.push(tooLong(path, maxManagedByLength));
  return errors;
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode } = spec;
  const errors = validateOptionalEnum(completionMode, ['NonIndexed', 'Indexed'], `${path}.completionMode`);
  if (completionMode === 'Indexed') errors.push(...validateIndexed(spec, path));
  if (completionMode !== 'NonIndexed') return errors;
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] === undefined) continue;
    errors.push(invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
  }
  return errors;
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const { completions, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  const most = (field: 'parallelism' | 'maxFailedIndexes', limit: number, when = ''): void => {
    const value = spec[field];
    if (value === undefined || value <= limit) return;
    errors.push(invalid(`${path}.${field}`, value, `must be less than or equal to ${limit}${when}`));
  };
  most('parallelism', maxIndexes, ' when completion mode is Indexed');
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    errors.push(invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'));
  }
  most('maxFailedIndexes', maxIndexes);
  if ((completions ?? 0) <= maxIndexes || spec.backoffLimitPerIndex === undefined) return errors;
  if (maxFailedIndexes === undefined) {
    errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${maxIndexes}`));
  }
  const when = ` when completions are above ${maxIndexes} and used with backoff limit per index`;
  most('parallelism', limitForManyCompletions, when);
  most('maxFailedIndexes', limitForManyCompletions, when);
  return errors;
}

function validateRestartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? '';
  const allowed = ['OnFailure', 'Never'];
  if (policy === 'Always' || policy === '') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (!allowed.includes(policy)) return [notSupported(path, policy, allowed)];
  if (!spec.podFailurePolicy || policy === 'Never') return [];
  return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}
