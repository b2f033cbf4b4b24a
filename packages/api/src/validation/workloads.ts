/** What the kinds that make pods from a template have in common. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import type { LabelSelector as MachinerySelector } from '@kubelab/apimachinery/labels';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { isValidPercent } from '@kubelab/apimachinery/names';
import { validateAlwaysRestart, validatePodTemplate, validateTemplateMeta } from '../pod/validation/pod-spec.js';
import type { IntOrString, LabelSelector, PodTemplateSpec } from '../types.js';
import { validateNonNegative } from './fields.js';
import { isEmptySelector, validateLabelSelector } from './labels.js';

export interface TemplateRules {
  /** As the messages call the kind. */
  readonly emptySelector: string;
  /** As the message on activeDeadlineSeconds calls the kind. */
  readonly kind: string;
  /** The pods' spec is left to the pods: a StatefulSet's containers mount volumes that its claims bring. */
  readonly looseSpec?: boolean;
}

/** Selector and template of a workload whose pods are to run for ever. */
export function validateSelectorAndTemplate(
  spec: { selector?: LabelSelector; template?: PodTemplateSpec },
  path: string,
  rules: TemplateRules,
): FieldError[] {
  const { selector, template = {} } = spec;
  const errors: FieldError[] = [];
  if (!selector) {
    if (rules.kind !== 'DaemonSet') errors.push(required(`${path}.selector`));
  } else {
    errors.push(...validateLabelSelector(selector, `${path}.selector`));
    if (isEmptySelector(selector)) {
      errors.push(invalid(`${path}.selector`, selector, `empty selector is invalid for ${rules.emptySelector}`));
    }
  }
  errors.push(...validateMatch(selector, template, path, rules));
  errors.push(...(rules.looseSpec ? validateTemplateMeta : validatePodTemplate)(template, `${path}.template`));
  errors.push(...validateAlwaysRestart(template.spec, `${path}.template.spec`));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${rules.kind} is not Supported`;
    errors.push(forbiddenField(`${path}.template.spec.activeDeadlineSeconds`, why));
  }
  return errors;
}

/** A selector that is not there selects nothing; an empty one is not asked, except by a DaemonSet. */
function validateMatch(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  path: string,
  { kind }: TemplateRules,
): FieldError[] {
  const at = `${path}.template.metadata.labels`;
  if (!selector) return [invalid(at, template.metadata?.labels ?? null, mismatch)];
  if (validateLabelSelector(selector, `${path}.selector`).length === 0)
    return validateTemplateLabels(selector, template, at);
  if (kind === 'DaemonSet') return [];
  return [invalid(`${path}.selector`, selector, kind === 'ReplicaSet' ? 'invalid label selector' : '')];
}

const mismatch = '`selector` does not match template `labels`';

/** `selector` must have passed {@link validateLabelSelector}. */
export function validateTemplateLabels(selector: LabelSelector, template: PodTemplateSpec, path: string): FieldError[] {
  const labels = template.metadata?.labels ?? {};
  if (selectorFromLabelSelector(selector as MachinerySelector).matches(labels)) return [];
  return [invalid(path, template.metadata?.labels ?? null, mismatch)];
}

/** A count that is not negative, or a percentage. */
export function validateCountOrPercent(value: IntOrString | undefined, path: string): FieldError[] {
  if (typeof value === 'string') return isValidPercent(value).map((problem) => invalid(path, value, problem));
  return validateNonNegative(value, path);
}

export function validateAtMost100Percent(value: IntOrString | undefined, path: string): FieldError[] {
  return isPercent(value) && Number(value.slice(0, -1)) > 100
    ? [invalid(path, value, 'must not be greater than 100%')]
    : [];
}

/** True for 0 and `0%`. */
export function isZeroCountOrPercent(value: IntOrString | undefined): boolean {
  return value === undefined || value === 0 || (isPercent(value) && Number(value.slice(0, -1)) === 0);
}

function isPercent(value: IntOrString | undefined): value is string {
  return typeof value === 'string' && isValidPercent(value).length === 0;
}
