/** Defaults and validation of job specs, as they are in jobs and in the template of cron jobs. */
import { type FieldError, forbiddenField, notSupported, required } from '@kubelab/apimachinery/field-error';
import { defaultPodTemplate } from '../pod/defaults.js';
import { validatePodTemplate } from '../pod/validation/pod-spec.js';
import type { JobSpec } from '../types.js';
import { validateNonNegative, validateOptionalEnum } from '../validation/fields.js';

const int32Max = 2 ** 31 - 1;

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
  errors.push(...validateIndexed(spec, path));
  const policies = ['Failed', 'TerminatingOrFailed'];
  errors.push(...validateOptionalEnum(spec.podReplacementPolicy, policies, `${path}.podReplacementPolicy`));
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  errors.push(...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`));
  return errors;
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const indexed = spec.completionMode === 'Indexed';
  const errors = validateOptionalEnum(spec.completionMode, ['NonIndexed', 'Indexed'], `${path}.completionMode`);
  if (indexed && spec.completions === undefined) {
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  }
  if (!indexed && spec.backoffLimitPerIndex !== undefined) {
    errors.push(forbiddenField(`${path}.backoffLimitPerIndex`, 'requires indexed completion mode'));
  }
  if (spec.backoffLimitPerIndex === undefined && spec.maxFailedIndexes !== undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  if (spec.successPolicy && !indexed) {
    errors.push(forbiddenField(`${path}.successPolicy`, 'requires indexed completion mode'));
  }
  return errors;
}

function validateRestartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? '';
  const allowed = ['OnFailure', 'Never'];
  if (allowed.includes(policy)) return [];
  if (policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')];
  return [notSupported(path, policy, allowed)];
}
