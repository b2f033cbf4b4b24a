/** The bridge from kubectl's client-side apply, which remembers in an annotation what it applied. */

import { stringifyExact } from '../exact-json.js';
import { getOwn, isObject, type JsonObject, parseJson } from '../json.js';
import type { TypeSchema } from '../schema.js';
import { StatusError } from '../status-error.js';
import { compareTyped } from './compare.js';
import { fieldSetOf } from './extract.js';
import type { FieldSet } from './field-set.js';
import { metadataOf } from './update.js';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The limit for all annotations of an object together, in bytes. */
const maxAnnotationBytes = 256 * 1024;

function lastAppliedOf(object: JsonObject): string {
  const annotations = getOwn(metadataOf(object), 'annotations');
  const text = isObject(annotations) ? getOwn(annotations, lastAppliedAnnotation) : undefined;
  return typeof text === 'string' ? text : '';
}

function parseConfiguration(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch (cause) {
    // Anyone may write into an annotation; what cannot be read allows nothing.
    if (cause instanceof StatusError) return undefined;
    throw cause;
  }
}

/** Fields that client-side apply set and that still have the value it gave them. Undefined when there was none. */
export function allowedByLastApplied(schema: TypeSchema, live: JsonObject): FieldSet | undefined {
  const configuration = parseConfiguration(lastAppliedOf(live));
  if (!configuration || getOwn(configuration, 'apiVersion') !== getOwn(live, 'apiVersion')) return undefined;
  const { added, modified, removed } = compareTyped(schema, configuration, live);
  return fieldSetOf(schema, configuration).difference(modified).difference(added).difference(removed);
}

/** Keeps the annotation in step, so that client-side apply can go on. Changes `object`'s metadata to a copy. */
export function updateLastApplied(object: JsonObject, applied: object): void {
  if (lastAppliedOf(object) === '') return;
  const configuration: JsonObject = { ...(applied as JsonObject) };
  const metadata = { ...metadataOf(applied) };
  const annotations = getOwn(metadata, 'annotations');
  if (isObject(annotations)) {
    const { [lastAppliedAnnotation]: _, ...others } = annotations;
    metadata['annotations'] = others;
  }
  configuration['metadata'] = metadata;
  setAnnotation(object, `${stringifyExact(configuration)}\n`);
}

function setAnnotation(object: JsonObject, text: string): void {
  const metadata = metadataOf(object);
  const annotations: JsonObject = { ...(metadata['annotations'] as JsonObject), [lastAppliedAnnotation]: text };
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  // Too large to keep: client-side apply then starts afresh, as upstream has it.
  if (bytes > maxAnnotationBytes) delete annotations[lastAppliedAnnotation];
  object['metadata'] = { ...metadata, annotations };
}
