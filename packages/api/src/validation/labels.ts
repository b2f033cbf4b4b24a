/** Validation of labels and of selectors over them. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { isQualifiedName, isValidLabelValue } from '@kubelab/apimachinery/names';
import type { LabelSelector, LabelSelectorRequirement } from '../types.js';

export function validateLabelName(name: string, path: string): FieldError[] {
  return isQualifiedName(name).map((problem) => invalid(path, name, problem));
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...validateLabelName(key, path),
    ...isValidLabelValue(value).map((problem) => invalid(path, value, problem)),
  ]);
}

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  if (!selector) return [];
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((expression, index) =>
      validateRequirement(expression, `${path}.matchExpressions[${index}]`),
    ),
  ];
}

function validateRequirement(expression: LabelSelectorRequirement, path: string): FieldError[] {
  const values = expression.values ?? [];
  const errors = validateOperator(expression.operator, values, path);
  errors.push(...validateLabelName(expression.key ?? '', `${path}.key`));
  values.forEach((value, index) => {
    errors.push(...isValidLabelValue(value).map((problem) => invalid(`${path}.values[${index}]`, value, problem)));
  });
  return errors;
}

function validateOperator(operator: string | undefined, values: readonly string[], path: string): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist': {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length > 0 ? [forbiddenField(`${path}.values`, why)] : [];
    }
    default:
      return [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

/** True for a selector without terms, which selects everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
