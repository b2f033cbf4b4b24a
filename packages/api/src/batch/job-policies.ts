/** Validation of what a job does about failed pods, and of when it has succeeded. */
import {
  duplicate,
  type FieldError,
  invalid,
  invalidWithoutValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '@kubelab/apimachinery/field-error';
import { goQuote } from '@kubelab/apimachinery/go-quote';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../types.js';
import { validateEach, validateNonNegative } from '../validation/fields.js';
import { validateLabelName } from '../validation/labels.js';
import { countIndexes } from './index-ranges.js';

const maxRules = 20;
const maxExitCodes = 255;
const maxConditions = 20;
const maxIndexesLength = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length > maxRules) errors.push(tooMany(`${path}.rules`, rules.length, maxRules));
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  errors.push(...validateEach(rules, `${path}.rules`, (rule, rulePath) => validateRule(spec, rule, rulePath, names)));
  return errors;
}

function validateRule(
  spec: JobSpec,
  rule: PodFailurePolicyRule,
  path: string,
  names: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${path}.action`, rule.action, 'requires the backoffLimitPerIndex to be set'));
  }
  errors.push(...validateChoice(rule.action, actions, `${path}.action`));
  const conditions = rule.onPodConditions ?? [];
  if (rule.onExitCodes) errors.push(...validateExitCodes(rule.onExitCodes, `${path}.onExitCodes`, names));
  if (conditions.length > maxConditions) {
    errors.push(tooMany(`${path}.onPodConditions`, conditions.length, maxConditions));
  }
  errors.push(...validateEach(conditions, `${path}.onPodConditions`, validateCondition));
  if (rule.onExitCodes && conditions.length > 0) {
    errors.push(invalidWithoutValue(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  }
  if (!rule.onExitCodes && conditions.length === 0) {
    errors.push(invalidWithoutValue(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
  return errors;
}

/** Required, and one of `choices`; an absent one is told all of them. */
function validateChoice(value: string | undefined, choices: readonly string[], path: string): FieldError[] {
  if (!value) return [required(path, `valid values: [${choices.map(goQuote).join(' ')}]`)];
  return choices.includes(value) ? [] : [notSupported(path, value, choices)];
}

function validateCondition({ type, status }: PodFailurePolicyOnPodConditionsPattern, path: string): FieldError[] {
  return [...validateLabelName(type, `${path}.type`), ...validateChoice(status, statuses, `${path}.status`)];
}

function validateExitCodes(
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  path: string,
  names: ReadonlySet<string>,
): FieldError[] {
  const errors = validateChoice(operator, operators, `${path}.operator`);
  if (containerName !== undefined && !names.has(containerName)) {
    const rule = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${path}.containerName`, containerName, rule));
  }
  const codes = values ?? [];
  if (codes.length === 0) errors.push(invalid(`${path}.values`, codes, 'at least one value is required'));
  else if (codes.length > maxExitCodes) errors.push(tooMany(`${path}.values`, codes.length, maxExitCodes));
  for (const [index, code] of codes.entries()) {
    const codePath = `${path}.values[${index}]`;
    if (operator === 'In' && code === 0) errors.push(invalid(codePath, code, 'must not be 0 for the In operator'));
    if (codes.indexOf(code) < index) errors.push(duplicate(codePath, code));
  }
  const ordered = codes.every((code, index) => index === 0 || (codes[index - 1] ?? 0) <= code);
  if (!ordered) errors.push(invalid(`${path}.values`, codes, 'must be ordered'));
  return errors;
}

export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  if (spec.completionMode !== 'Indexed') {
    // As Go prints a type that has no names for JSON.
    const shown = rules.map(({ succeededIndexes = null, succeededCount = null }) => ({
      SucceededIndexes: succeededIndexes,
      SucceededCount: succeededCount,
    }));
    return [invalid(path, { Rules: shown }, 'requires indexed completion mode')];
  }
  const errors: FieldError[] = [];
  if (rules.length === 0) {
    errors.push(required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  }
  if (rules.length > maxRules) errors.push(tooMany(`${path}.rules`, rules.length, maxRules));
  const completions = spec.completions ?? 0;
  errors.push(
    ...validateEach(rules, `${path}.rules`, (rule, rulePath) => validateSuccessRule(rule, rulePath, completions)),
  );
  return errors;
}

function validateSuccessRule(rule: SuccessPolicyRule, path: string, completions: number): FieldError[] {
  const { succeededIndexes, succeededCount } = rule;
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  let named = 0;
  if (succeededIndexes !== undefined) {
    const indexesPath = `${path}.succeededIndexes`;
    if (succeededIndexes.length > maxIndexesLength) errors.push(tooLong(indexesPath, maxIndexesLength));
    try {
      named = countIndexes(succeededIndexes, completions);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors.push(invalid(indexesPath, succeededIndexes, `error parsing succeededIndexes: ${why}`));
    }
  }
  if (succeededCount === undefined) return errors;
  const countPath = `${path}.succeededCount`;
  const atMost = (limit: number, what: string): FieldError =>
    invalid(countPath, succeededCount, `must be less than or equal to ${limit} (the number of ${what})`);
  errors.push(...validateNonNegative(succeededCount, countPath));
  if (succeededCount > completions) errors.push(atMost(completions, 'specified completions'));
  if (succeededIndexes !== undefined && succeededCount > named) {
    errors.push(atMost(named, 'indexes in the specified succeededIndexes field'));
  }
  return errors;
}
