/** PATCH in its four forms, as changes for a guaranteed update. */

import { DecodeError, duplicateFieldText, strictDecodingText, unknownFieldText } from '@kubelab/api/schema-validation';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import { duplicateKeys, isObject, type JsonObject, parseJson } from '@kubelab/apimachinery/json';
import { applyJsonPatch } from '@kubelab/apimachinery/json-patch';
import { applyMergePatch } from '@kubelab/apimachinery/merge-patch';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { TypeSchema } from '@kubelab/apimachinery/schema';
import { badRequest, StatusError } from '@kubelab/apimachinery/status-error';
import { strategicMergePatch } from '@kubelab/apimachinery/strategic-merge-patch';
import type { ExpectedKind } from './decode.js';
import type { Engine, WriteRequest } from './engine.js';
import { applyConfiguration } from './field-ownership.js';
import type { Change } from './update.js';
import { parseYaml, YamlError } from './yaml.js';

export interface Patch {
  type: 'json' | 'merge' | 'strategic' | 'apply';
  body: Buffer;
}

/** What a patch is applied to: the resource itself, or the kind of a subresource. */
export interface PatchTarget {
  expected: ExpectedKind;
  typeSchema: TypeSchema;
  /** Fills in defaults of the patched object. */
  default?: ((object: UnstructuredObject) => void) | undefined;
}

/** Throws StatusError 400 for a body that is no patch of its type. */
export function patchChange(engine: Engine, request: WriteRequest, patch: Patch, target: PatchTarget): Change {
  if (patch.type === 'apply') return applyChange(engine, request, patch.body, target);
  const apply = patchFunction(request, patch, target);
  return { from: apply };
}

/** The patch as a function from the stored object to the wanted one. */
export function patchFunction(
  request: WriteRequest,
  patch: Patch,
  target: PatchTarget,
): (current: UnstructuredObject) => UnstructuredObject {
  const text = patch.body.toString('utf8');
  const value = parsePatch(text);
  const duplicates = request.options.fieldValidation === 'Ignore' ? [] : duplicateKeys(text).map(duplicateFieldText);
  return (current) => {
    const patched = applyTo(current, value, patch.type, target.typeSchema);
    return conformPatched(request, target, patched, current, duplicates);
  };
}

function parsePatch(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof StatusError) throw badRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}

function applyTo(current: UnstructuredObject, value: unknown, type: Patch['type'], schema: TypeSchema): JsonObject {
  switch (type) {
    case 'json':
      return applyJsonPatch(current, value);
    case 'merge':
      return applyMergePatch(current, value);
    default:
      return strategicMergePatch(current, value, schema);
  }
}

function conformPatched(
  request: WriteRequest,
  target: PatchTarget,
  patched: JsonObject,
  current: UnstructuredObject,
  duplicates: readonly string[],
): UnstructuredObject {
  const refuse = (why: string): Error =>
    invalidObject({ group: '', kind: '' }, '', [invalid('patch', stringifyExact(patched), why)]);
  if (patched['kind'] !== current.kind || patched['apiVersion'] !== current.apiVersion) {
    const given = `${String(patched['apiVersion'])}, Kind=${String(patched['kind'])}`;
    throw refuse(`unable to decode ${given} into a ${current.apiVersion}, Kind=${current.kind}`);
  }
  let unknown: string[];
  try {
    unknown = target.expected.schema.conform(patched);
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
  const problems = [...duplicates, ...unknown.map(unknownFieldText)];
  const { fieldValidation } = request.options;
  if (problems.length > 0 && fieldValidation === 'Strict') throw refuse(strictDecodingText(problems));
  if (fieldValidation === 'Warn') for (const problem of problems) request.warn(problem);
  if (!isObject(patched['metadata'])) patched['metadata'] = {};
  const object = patched as UnstructuredObject;
  target.default?.(object);
  return object;
}

function applyChange(engine: Engine, request: WriteRequest, body: Buffer, target: PatchTarget): Change {
  const text = body.toString('utf8');
  const { configuration, duplicates } = parseConfiguration(text);
  reportDuplicates(request, duplicates);
  const merge = (current: UnstructuredObject | undefined): UnstructuredObject => {
    const object = applyConfiguration(engine, request, configuration, current);
    try {
      target.expected.schema.conform(object);
    } catch (error) {
      if (error instanceof DecodeError) throw badRequest(error.message);
      throw error;
    }
    target.default?.(object);
    return object;
  };
  return { from: merge, fromNothing: () => merge(undefined), ownsManagedFields: true };
}

interface Configuration {
  configuration: JsonObject;
  /** What is there twice, in the words of the library that finds it. */
  duplicates: readonly string[];
}

function parseConfiguration(text: string): Configuration {
  const isJson = text.trimStart().startsWith('{');
  let value: unknown;
  let duplicates: readonly string[];
  try {
    if (isJson) [value, duplicates] = [parseJson(text), duplicateKeys(text).map(duplicateFieldText)];
    else ({ value, duplicates } = parseYaml(text));
  } catch (error) {
    if (error instanceof YamlError || error instanceof StatusError) {
      throw badRequest(`error decoding YAML: ${error.message}`);
    }
    throw error;
  }
  if (!isObject(value)) {
    const found = Array.isArray(value) ? 'array' : typeof value;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
    );
  }
  return { configuration: value, duplicates };
}

function reportDuplicates(request: WriteRequest, duplicates: readonly string[]): void {
  const { fieldValidation } = request.options;
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${duplicates.join(', ')}`);
  for (const problem of duplicates) request.warn(problem);
}
