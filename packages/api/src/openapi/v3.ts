/** OpenAPI v3 documents, one per group version. */
import { referencedName, type Schema } from '../definitions.js';
import {
  coreVersions,
  type DiscoveryOperation,
  groupList,
  groupOperation,
  resourcesOperation,
  serverVersion,
} from './discovery-operations.js';
import { bearerToken, type DocumentInput, groupVersionsOf, info, type Json } from './document-input.js';
import { type ApiOperation, groupVersionPath } from './operation.js';
import { operationsOf } from './operations.js';
import { objectTypes, patchTypesOf, pathParameters, queryParameters, watchTypes } from './parameters.js';
import { reachableDefinitions } from './reachable.js';

const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const watchEvent = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** Paths of all documents, as the index at /openapi/v3 names them: `api/v1`, `apis/apps`, `version`. */
export function openApiV3Paths(input: DocumentInput): string[] {
  const groupVersions = groupVersionsOf(input.resources);
  const paths = new Set(['api', 'apis', 'version']);
  for (const { group, version } of groupVersions) {
    if (group !== '') paths.add(`apis/${group}`);
    paths.add(groupVersionPath(group, version).slice(1));
  }
  return [...paths].sort();
}

/** The document at one of {@link openApiV3Paths}; undefined for any other path. */
export function openApiV3(input: DocumentInput, path: string): Json | undefined {
  if (path === 'api') return document(input, [], [coreVersions]);
  if (path === 'apis') return document(input, [], [groupList]);
  if (path === 'version') return document(input, [], [serverVersion]);
  for (const { group, version } of groupVersionsOf(input.resources)) {
    if (group !== '' && path === `apis/${group}`) return document(input, [], [groupOperation(group)]);
    if (path !== groupVersionPath(group, version).slice(1)) continue;
    const resources = input.resources.filter((each) => each.group === group && each.version === version);
    const roots = [watchEvent, ...resources.map(({ schema }) => schema)];
    return document(input, resources.flatMap(operationsOf), [resourcesOperation({ group, version })], roots);
  }
  return undefined;
}

function document(
  input: DocumentInput,
  operations: readonly ApiOperation[],
  discovery: readonly DiscoveryOperation[],
  alsoNeeded: readonly string[] = [],
): Json {
  const roots = new Set([...alsoNeeded, ...discovery.map(({ answer }) => answer)]);
  for (const { body, answer } of operations) for (const name of [body, answer]) if (name) roots.add(name);
  const custom = input.custom?.v3 ?? {};
  const schemas = reachableDefinitions({ ...input.definitions, ...custom }, roots);
  const schemaOf = (name: string, schema: Schema): unknown =>
    Object.hasOwn(custom, name) ? withComponentReferences(schema) : definition(name, schema);
  return {
    openapi: '3.0.0',
    info: info(input.version),
    paths: paths(operations, discovery),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schemaOf(name, schema)])),
      securitySchemes: { BearerToken: bearerToken },
    },
  };
}

/** Schemas of custom kinds are v3 already but for where their references lead. */
function withComponentReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withComponentReferences);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value as Json;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, withComponentReferences(each)]));
  if (typeof $ref !== 'string') return $ref === undefined ? copy : { ...copy, $ref: withComponentReferences($ref) };
  const target = reference(referencedName($ref));
  return Object.keys(copy).length === 0 ? target : { ...copy, allOf: [target] };
}

/** Definitions whose v3 form says more than v2 can. */
const alternatives: Readonly<Record<string, Json>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
};

function definition(name: string, schema: Schema): Json {
  const alternative = alternatives[name];
  if (alternative) return { description: schema.description, ...alternative };
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties ?? {}).map(([field, property]) => [
    field,
    propertySchema(property, { required: required.has(field) || ['metadata', 'spec', 'status'].includes(field) }),
  ]);
  const { properties: _, ...rest } = schema;
  return { ...rest, ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}) };
}

/** Go's zero values: upstream says of every field that cannot be absent what it is when it is not given. */
const zeros: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false };

function propertySchema(schema: Schema, { required }: { required: boolean }): Json {
  const { $ref, items, additionalProperties, ...rest } = schema;
  if ($ref) {
    const siblings: Json = { ...(required && isObject(referencedName($ref)) ? { default: {} } : {}), ...rest };
    const target = reference(referencedName($ref));
    // A reference may not have siblings in v3.
    return Object.keys(siblings).length > 0 ? { allOf: [target], ...siblings } : target;
  }
  const zero = required && schema.type !== undefined ? zeros[schema.type] : undefined;
  return {
    ...(zero === undefined ? {} : { default: zero }),
    ...rest,
    ...(items ? { items: propertySchema(items, { required: true }) } : {}),
    ...(additionalProperties ? { additionalProperties: propertySchema(additionalProperties, { required: true }) } : {}),
  };
}

function isObject(name: string): boolean {
  return alternatives[name] === undefined && !/\.(Time|MicroTime)$/.test(name);
}

function paths(operations: readonly ApiOperation[], discovery: readonly DiscoveryOperation[]): Json {
  const all = new Map<string, Json>();
  for (const operation of discovery) all.set(operation.path, { get: discoveryOperation(operation) });
  for (const operation of operations) {
    const item = all.get(operation.path) ?? {};
    item[operation.method] = objectOperation(operation);
    item['parameters'] = [
      ...pathParameters(operation.path, operation.kind.kind).map((parameter) => ({
        in: 'path',
        required: true,
        schema: { type: 'string', uniqueItems: true },
        ...parameter,
      })),
      queryParameter('pretty'),
    ];
    all.set(operation.path, item);
  }
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function discoveryOperation(operation: DiscoveryOperation): Json {
  return {
    description: operation.description,
    operationId: operation.id,
    responses: responses([200], operation.answer, objectTypes),
    tags: [operation.tag],
  };
}

function objectOperation(operation: ApiOperation): Json {
  const { body, answer, method } = operation;
  const produced = answer ? (operation.watchable ? watchTypes : objectTypes) : ['*/*'];
  return {
    description: operation.description,
    operationId: operation.id,
    parameters: operation.queries.map(queryParameter),
    ...(body
      ? { requestBody: requestBody(body, { required: method !== 'delete', custom: operation.custom ?? false }) }
      : {}),
    responses: responses(operation.codes, answer, produced),
    tags: [operation.tag],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

function requestBody(body: string, { required, custom = false }: { required: boolean; custom?: boolean }): Json {
  const types = body === patch ? patchTypesOf({ custom }) : ['*/*'];
  return { content: content(types, reference(body)), ...(required ? { required } : {}) };
}

function queryParameter(name: keyof typeof queryParameters): Json {
  const { type, description } = queryParameters[name];
  return { description, in: 'query', name, schema: { type, uniqueItems: true } };
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function responses(codes: readonly number[], answer: string | undefined, types: readonly string[]): Json {
  const schema = answer ? reference(answer) : { type: 'string' };
  return {
    ...Object.fromEntries(
      codes.map((code) => [String(code), { content: content(types, schema), description: reasons[code] ?? 'OK' }]),
    ),
    401: { description: 'Unauthorized' },
  };
}

function content(types: readonly string[], schema: Json): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}
