/** From a request's bytes to an object of the expected kind, as upstream's codecs do it. */

import { builtinDefinitions } from '@kubelab/api/definitions';
import {
  builtinSchema,
  type CompiledSchema,
  DecodeError,
  duplicateFieldText,
  strictDecodingText,
  undecodable,
  unknownFieldText,
} from '@kubelab/api/schema-validation';
import { duplicateKeys, isObject, type JsonObject, parseJson } from '@kubelab/apimachinery/json';
import { toApiVersion, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, StatusError } from '@kubelab/apimachinery/status-error';
import type { BodyEncoding } from '../http/media-types.js';
import { readEnvelope } from '../http/protobuf/decode.js';
import { ProtobufError } from '../protobuf-wire/wire-format.js';
import type { FieldValidation } from './options.js';
import { parseYaml, YamlError } from './yaml.js';

/** What a body must be. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: CompiledSchema;
}

export interface DecodeOptions {
  encoding: BodyEncoding;
  fieldValidation: FieldValidation;
  warn(message: string): void;
}

/** Finds the schema of a built-in kind that has no ResourceDefinition (Scale, Eviction, DeleteOptions...). */
export function builtinKind(group: string, version: string, kind: string): ExpectedKind {
  for (const [name, definition] of Object.entries(builtinDefinitions())) {
    const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
    if (kinds.some((known) => known.group === group && known.version === version && known.kind === kind)) {
      return { group, version, kind, schema: builtinSchema(name) };
    }
  }
  throw new Error(`there is no definition of ${toApiVersion(group, version)} ${kind}`);
}

/** Throws StatusError 400 for what is no such object. The result has kind, apiVersion and metadata, but no defaults yet. */
export function decodeObject(body: Buffer, expected: ExpectedKind, options: DecodeOptions): UnstructuredObject {
  const text = options.encoding === 'protobuf' ? '' : body.toString('utf8');
  const { object, duplicates } = parseBody(text, body, expected, options);
  checkKind(object, expected, body);
  const problems =
    options.encoding === 'json' && options.fieldValidation !== 'Ignore'
      ? duplicateKeys(text).map(duplicateFieldText)
      : duplicates;
  return conformObject(object, expected, options, problems);
}

/** As {@link decodeObject}, for an object that was made by a patch. Changes `object` in place. */
export function conformObject(
  object: JsonObject,
  expected: ExpectedKind,
  options: Pick<DecodeOptions, 'fieldValidation' | 'warn'>,
  knownProblems: readonly string[] = [],
): UnstructuredObject {
  const { kind, version } = expected;
  let unknown: string[];
  try {
    unknown = expected.schema.conform(object);
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(kind, version, error.message);
    throw error;
  }
  const problems = [...knownProblems, ...unknown.map(unknownFieldText)];
  if (problems.length > 0 && options.fieldValidation === 'Strict') {
    throw undecodable(kind, version, strictDecodingText(problems));
  }
  if (options.fieldValidation === 'Warn') for (const problem of problems) options.warn(problem);
  if (!isObject(object['metadata'])) object['metadata'] = {};
  return object as UnstructuredObject;
}

function decodeProtobuf(body: Buffer, expected: ExpectedKind): JsonObject {
  const { kind } = expected;
  return readEnvelope(body).decode({ kind, apiVersion: toApiVersion(expected.group, expected.version) });
}

interface ParsedBody {
  object: JsonObject;
  /** Only YAML's are found here. */
  duplicates: readonly string[];
}

function parseBody(text: string, body: Buffer, expected: ExpectedKind, options: DecodeOptions): ParsedBody {
  let value: unknown;
  let duplicates: readonly string[] = [];
  try {
    if (options.encoding === 'protobuf') value = decodeProtobuf(body, expected);
    else if (options.encoding === 'json') value = parseJson(text);
    else ({ value, duplicates } = parseYaml(text));
  } catch (error) {
    if (error instanceof ProtobufError) throw unrecognized(expected, error.message, body);
    if (error instanceof YamlError)
      throw unrecognized(expected, `error converting YAML to JSON: ${error.message}`, body);
    if (!(error instanceof StatusError)) throw error;
    throw unrecognized(expected, `couldn't get version/kind; json parse error: ${error.message}`, body);
  }
  if (!isObject(value)) {
    const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    const reason = `json: cannot unmarshal ${found} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
    throw unrecognized(expected, `couldn't get version/kind; json parse error: ${reason}`, body);
  }
  return { object: value, duplicates };
}

function checkKind(object: JsonObject, expected: ExpectedKind, body: Buffer): void {
  for (const field of ['kind', 'apiVersion']) {
    const value = object[field];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      const found = Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : typeof value;
      const reason = `json: cannot unmarshal ${found} into Go struct field .${field} of type string`;
      throw unrecognized(expected, `couldn't get version/kind; json parse error: ${reason}`, body);
    }
  }
  const apiVersion = toApiVersion(expected.group, expected.version);
  const kind = (object['kind'] as string | undefined) || expected.kind;
  const given = (object['apiVersion'] as string | undefined) || apiVersion;
  if (given !== apiVersion) refuseVersion(given, apiVersion, kind, expected);
  if (kind !== expected.kind) {
    const package_ = expected.group === '' ? 'core' : expected.group.split('.')[0];
    const reason = `converting (${expected.version}.${kind}) to (${package_}.${expected.kind}): unknown conversion`;
    throw badRequest(
      `${kind} in version ${JSON.stringify(expected.version)} cannot be handled as a ${expected.kind}: ${reason}`,
    );
  }
  object['kind'] = kind;
  object['apiVersion'] = given;
}

function refuseVersion(given: string, apiVersion: string, kind: string, expected: ExpectedKind): void {
  // Every group has its own DeleteOptions, all of the same form.
  if (expected.kind === 'DeleteOptions' && kind === 'DeleteOptions') return;
  if (given.split('/').length > 2) {
    throw badRequest(`unable to decode the object: unexpected GroupVersion string: ${given}`);
  }
  throw badRequest(`the API version in the data (${given}) does not match the expected API version (${apiVersion})`);
}

function unrecognized(expected: ExpectedKind, reason: string, body: Buffer): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): ${reason} (${summarize(body)})`,
  );
}

const summaryBytes = 30;

function summarize(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const head = body.subarray(0, summaryBytes);
  const shown = body[0] === 0x7b ? head.toString('utf8') : head.toString('hex');
  return body.length > summaryBytes ? `${shown} ...` : shown;
}
