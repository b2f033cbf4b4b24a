/** The options of API calls, from query parameters and DeleteOptions bodies, checked with upstream's texts. */

import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
} from '@kubelab/apimachinery/field-error';
import { isPrintable } from '@kubelab/apimachinery/go-quote';
import { badRequest } from '@kubelab/apimachinery/status-error';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  dryRun: boolean;
  /** Empty: the manager is named after the User-Agent. */
  fieldManager: string;
  fieldValidation: FieldValidation;
  /** Only for apply patches. */
  force: boolean;
}

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

export interface DeleteOptions {
  dryRun: boolean;
  /** An int64: a bigint beyond 2^53. */
  gracePeriodSeconds?: number;
  propagationPolicy?: PropagationPolicy;
  /** The older form of propagationPolicy. */
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

const maxFieldManagerBytes = 128;

/** Throws StatusError 400 or 422. `apply` is true for apply patches, which must name their manager. */
export function parseWriteOptions(kind: OptionsKind, query: URLSearchParams, patch?: { apply: boolean }): WriteOptions {
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const force = parseBoolean(query, 'force');
  const errors = [
    ...validateDryRun(query.getAll('dryRun')),
    ...validateFieldManager(fieldManager),
    ...validateFieldValidation(fieldValidation),
  ];
  if (patch?.apply && fieldManager === '') errors.push(required('fieldManager', 'is required for apply patch'));
  if (patch && !patch.apply && force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  refuse(kind, errors);
  return {
    dryRun: query.getAll('dryRun').some((value) => value !== ''),
    fieldManager,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    force: force ?? false,
  };
}

function refuse(kind: OptionsKind, errors: FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors);
}

function validateDryRun(values: readonly string[]): FieldError[] {
  const wrong = values.filter((value) => value !== '' && value !== 'All');
  return wrong.length === 0 ? [] : [notSupported('dryRun', values, ['All'])];
}

function validateFieldManager(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > maxFieldManagerBytes) errors.push(tooLong('fieldManager', maxFieldManagerBytes));
  let position = 0;
  for (const char of manager) {
    if (!isPrintable(char)) {
      const codePoint = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalid('fieldManager', manager, `invalid character U+${codePoint} (at position ${position})`));
    }
    position += Buffer.byteLength(char);
  }
  return errors;
}

function validateFieldValidation(value: string): FieldError[] {
  if (value === '' || value === 'Ignore' || value === 'Warn' || value === 'Strict') return [];
  return [notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn'])];
}

/**
 * The body wins over the query as a whole, as upstream. `body` is a decoded DeleteOptions object whose fields have been checked for their
 * types. Throws StatusError 400 or 422.
 */
export function parseDeleteOptions(query: URLSearchParams, body: Record<string, unknown> | undefined): DeleteOptions {
  const given = body ?? fromQuery(query);
  const policy = given['propagationPolicy'];
  const orphan = given['orphanDependents'];
  const dryRun = asList(given['dryRun']);
  const errors: FieldError[] = [...validateDryRun(dryRun)];
  if (typeof policy === 'string' && typeof orphan === 'boolean') {
    errors.push(invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (policy !== undefined && policy !== 'Orphan' && policy !== 'Background' && policy !== 'Foreground') {
    errors.push(notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  refuse('DeleteOptions', errors);
  const grace = given['gracePeriodSeconds'];
  const preconditions = given['preconditions'] as { uid?: string; resourceVersion?: string } | null | undefined;
  return {
    dryRun: dryRun.some((value) => value !== ''),
    ...(typeof grace === 'number' || typeof grace === 'bigint' ? { gracePeriodSeconds: grace as number } : {}),
    ...(policy === undefined ? {} : { propagationPolicy: policy as PropagationPolicy }),
    ...(typeof orphan === 'boolean' ? { orphanDependents: orphan } : {}),
    ...(preconditions ? { preconditions } : {}),
  };
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const grace = parseInteger(query, 'gracePeriodSeconds');
  const orphan = parseBoolean(query, 'orphanDependents');
  const policy = query.get('propagationPolicy');
  return {
    dryRun: query.getAll('dryRun'),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
    ...(policy === null || policy === '' ? {} : { propagationPolicy: policy }),
  };
}

function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Throws StatusError 400 for text that is no integer. */
export function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

/** As upstream reads booleans of query parameters: present with any value but `false` and `0` is true. */
export function parseBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text.toLowerCase() !== 'false' && text !== '0';
}
