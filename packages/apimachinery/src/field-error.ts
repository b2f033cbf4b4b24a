/** Validation errors with upstream's texts (k8s.io/apimachinery/pkg/util/validation/field). */

import { stringifyExact } from './exact-json.js';
import { goQuote } from './go-quote.js';
import type { StatusCause } from './status-error.js';
import { StatusError } from './status-error.js';

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface FieldError {
  type: FieldErrorType;
  /** Dotted path: `spec.containers[0].image`, `metadata.labels[a.b/c]`. */
  field: string;
  /** `Invalid value: "x": must be ...`: everything after the path. */
  detail: string;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return goQuote(value);
  return stringifyExact(value)?.replace(/[<>&\u2028\u2029]/g, escapeForHtml) ?? String(value);
}

/** As Go's encoding/json does by default. */
const escapeForHtml = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

function withDetail(head: string, detail: string): string {
  return detail === '' ? head : `${head}: ${detail}`;
}

export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail: withDetail('Required value', detail) };
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: withDetail(`Invalid value: ${show(value)}`, detail) };
}

/** As {@link invalid}, where the value would say nothing. */
export function invalidWithoutValue(field: string, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: withDetail('Invalid value', detail) };
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field, detail: withDetail(`Invalid value: ${show(value)}`, detail) };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, detail: `Duplicate value: ${show(value)}` };
}

export function notFoundValue(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, detail: `Not found: ${show(value)}` };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const quoted = supported.map(goQuote).join(', ');
  const detail = supported.length > 0 ? `supported values: ${quoted}` : '';
  return { type: 'FieldValueNotSupported', field, detail: withDetail(`Unsupported value: ${show(value)}`, detail) };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail: withDetail('Forbidden', detail) };
}

/** `max` is in bytes. */
export function tooLong(field: string, max: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `Too long: may not be more than ${max} bytes` };
}

export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, detail: `Too many: ${actual}: must have at most ${max} items` };
}

/** `spec.containers[0].image: Required value`. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${error.detail}`;
}

/** 422 with one cause per error, worded as upstream's NewInvalid. */
export function invalidObject(kind: { group: string; kind: string }, name: string, errors: FieldError[]): StatusError {
  const texts = errors.map(formatFieldError);
  const unique = [...new Set(texts)];
  const all = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const causes: StatusCause[] = errors.map((error) => ({
    reason: error.type,
    message: error.detail,
    field: error.field,
  }));
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified} "${name}" is invalid: ${all}`,
    details: {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.kind,
      causes,
    },
  });
}
