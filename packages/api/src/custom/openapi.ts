/** OpenAPI definitions of custom kinds. */
import { isObject } from '@kubelab/apimachinery/json';
import type { CustomDefinitions } from '../resource.js';
import type { JsonSchema } from './json-schema.js';

type Json = Record<string, unknown>;

export interface CustomNames {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** `com.example.stable.v1.CronTab` for kind CronTab of group stable.example.com. */
export function definitionName({ group, version }: CustomNames, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

const fieldTexts = {
  apiVersion:
    'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest ' +
    'internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  kind:
    'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits ' +
    'requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
  metadata:
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  listMetadata:
    'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
};

const reference = (name: string): Json => ({ $ref: `#/definitions/${name}` });
const headProperties = {
  apiVersion: { description: fieldTexts.apiVersion, type: 'string' },
  kind: { description: fieldTexts.kind, type: 'string' },
};

/** References are written as `#/definitions/...`; who makes a v3 document turns them around. */
export function customDefinitions(names: CustomNames, schema: JsonSchema): CustomDefinitions {
  // Of a kind that keeps unknown fields v2 tells nothing: its clients would refuse the fields that it does not name.
  const v2 = keepsUnknown(schema as Json) ? {} : schemaV2(schema);
  return {
    v2: definitionsWith(names, v2, { open: keepsUnknown(schema as Json) }),
    v3: definitionsWith(names, schemaV3(schema), { open: false }),
  };
}

function definitionsWith(names: CustomNames, schema: Json, { open }: { open: boolean }): Record<string, object> {
  const { group, version, kind, listKind } = names;
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const own = {
    ...properties,
    ...headProperties,
    metadata: { description: fieldTexts.metadata, ...reference(`${meta}.ObjectMeta`) },
  };
  return {
    [definitionName(names, kind)]: {
      ...schema,
      type: 'object',
      ...(open ? {} : { properties: own }),
      'x-kubernetes-group-version-kind': [{ group, kind, version }],
    },
    [definitionName(names, listKind)]: {
      description: `${listKind} is a list of ${kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        ...headProperties,
        items: {
          description: `List of ${names.kind.toLowerCase()}s. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
          type: 'array',
          items: reference(definitionName(names, kind)),
        },
        metadata: { description: fieldTexts.listMetadata, ...reference(`${meta}.ListMeta`) },
      },
      'x-kubernetes-group-version-kind': [{ group, kind: listKind, version }],
    },
  };
}

const keepsUnknown = (schema: Json): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;

function mapChildren(schema: Json, change: (child: JsonSchema) => Json): Json {
  const copy: Json = { ...schema };
  const { properties, items, additionalProperties } = schema as JsonSchema;
  if (properties) {
    copy['properties'] = Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, change(child)]));
  }
  if (items) copy['items'] = change(items);
  if (isObject(additionalProperties)) copy['additionalProperties'] = change(additionalProperties as JsonSchema);
  else if (additionalProperties === true) copy['additionalProperties'] = {};
  return copy;
}

function withEmbeddedFields(schema: Json): Json {
  if (schema['x-kubernetes-embedded-resource'] !== true) return schema;
  const properties = {
    ...(isObject(schema['properties']) ? schema['properties'] : {}),
    ...headProperties,
    metadata: { description: fieldTexts.metadata, ...reference(`${meta}.ObjectMeta`) },
  };
  return { ...schema, properties };
}

function schemaV3(schema: JsonSchema): Json {
  const copy = withEmbeddedFields(mapChildren(schema as Json, schemaV3));
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const branches = schema[name];
    if (branches) copy[name] = branches.map(schemaV3);
  }
  if (schema.not) copy['not'] = schemaV3(schema.not);
  return copy;
}

/** What v2 cannot say, or what its clients would take for more than it is. */
const beyondV2 = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'nullable',
  'default',
  'example',
  'externalDocs',
  '$schema',
  'title',
] as const;

function schemaV2(schema: JsonSchema): Json {
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const copy = mapChildren(schema as Json, schemaV2);
  for (const field of beyondV2) delete copy[field];
  // Clients of v2 would refuse a null, and the fields that the schema does not name: what has no type is accepted by all.
  if (open || schema.nullable === true) {
    for (const field of ['type', 'properties', 'items', 'additionalProperties', 'required']) delete copy[field];
    return copy;
  }
  const withFields = withEmbeddedFields(copy);
  if (schema['x-kubernetes-int-or-string'] === true) delete withFields['type'];
  if (!withFields['properties']) delete withFields['required'];
  return withFields;
}
