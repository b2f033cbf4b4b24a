/** Brings objects of custom kinds in line with their schema: undeclared fields go, metadata is what it is everywhere. */
import { isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { builtinDefinitions } from '../definitions.js';
import { type CompiledSchema, compileSchema } from '../schema-validation.js';
import { type JsonSchema, propertyOf, valueSchemaOf } from './json-schema.js';
import { pruneObject } from './prune.js';

const objectMeta = '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
let compiledHead: CompiledSchema | undefined;

/** What is the same in all objects. */
function headSchema(): CompiledSchema {
  compiledHead ??= compileSchema('Unstructured', {
    ...builtinDefinitions(),
    Unstructured: {
      type: 'object',
      properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { $ref: objectMeta } },
    },
  });
  return compiledHead;
}

/** In place. Returns the paths of the fields that went. Throws DecodeError for metadata of a wrong type. */
export function conformObject(object: JsonObject, schema: JsonSchema): string[] {
  const unknown = conformHead(object, '');
  return [...unknown, ...pruneObject(object, schema), ...conformEmbedded(object, schema, '')];
}

function conformHead(object: JsonObject, path: string): string[] {
  const head: JsonObject = {};
  for (const field of ['apiVersion', 'kind', 'metadata']) if (Object.hasOwn(object, field)) head[field] = object[field];
  const unknown = headSchema().conform(head);
  if (object['metadata'] === null) delete object['metadata'];
  return unknown.map((field) => (path === '' ? field : `${path}.${field}`));
}

function conformEmbedded(value: unknown, schema: JsonSchema, path: string): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => conformChild(item, items, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const values = valueSchemaOf(schema);
  return Object.entries(value).flatMap(([name, child]) => {
    const known = propertyOf(schema, name) ?? values;
    return known ? conformChild(child, known, path === '' ? name : `${path}.${name}`) : [];
  });
}

function conformChild(value: unknown, schema: JsonSchema, path: string): string[] {
  const own = schema['x-kubernetes-embedded-resource'] && isObject(value) ? conformHead(value, path) : [];
  return [...own, ...conformEmbedded(value, schema, path)];
}
