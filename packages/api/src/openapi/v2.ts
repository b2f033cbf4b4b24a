/** The OpenAPI v2 document. */
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
import type { ApiOperation } from './operation.js';
import { operationsOf } from './operations.js';
import {
  objectTypes,
  type ParameterName,
  patchTypesOf,
  pathParameters,
  queryParameters,
  watchTypes,
} from './parameters.js';
import { reachableDefinitions } from './reachable.js';

const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const watchEvent = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
const reference = (name: string): Json => ({ $ref: `#/definitions/${name}` });

/** The whole document as JSON. */
export function openApiV2(input: DocumentInput): Json {
  const operations = input.resources.flatMap(operationsOf);
  const groupVersions = groupVersionsOf(input.resources);
  const groups = [...new Set(groupVersions.map(({ group }) => group).filter((group) => group !== ''))];
  const discovery = [
    coreVersions,
    groupList,
    serverVersion,
    ...groups.map(groupOperation),
    ...groupVersions.map(resourcesOperation),
  ];
  const roots = new Set([watchEvent, ...discovery.map(({ answer }) => answer)]);
  for (const { body, answer } of operations) for (const name of [body, answer]) if (name) roots.add(name);
  for (const resource of input.resources) roots.add(resource.schema);
  return {
    swagger: '2.0',
    info: info(input.version),
    paths: paths(operations, discovery),
    definitions: mapValues(reachableDefinitions({ ...input.definitions, ...input.custom?.v2 }, roots), withoutDefaults),
    parameters: mapValues(queryParameters, (_, name) => queryParameter(name as ParameterName)),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  };
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}

/** Upstream's v2 document has no defaults: its clients would take those of objects for more than they are. */
function withoutDefaults(schema: Schema): Schema {
  const { default: _, ...rest } = schema;
  return {
    ...rest,
    ...(schema.properties ? { properties: mapValues(schema.properties, withoutDefaults) } : {}),
    ...(schema.items ? { items: withoutDefaults(schema.items) } : {}),
    ...(schema.additionalProperties ? { additionalProperties: withoutDefaults(schema.additionalProperties) } : {}),
  };
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
        type: 'string',
        uniqueItems: true,
        ...parameter,
      })),
      { $ref: '#/parameters/pretty' },
    ];
    all.set(operation.path, item);
  }
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function discoveryOperation(operation: DiscoveryOperation): Json {
  return {
    consumes: objectTypes,
    description: operation.description,
    operationId: operation.id,
    produces: objectTypes,
    responses: responses([200], operation.answer),
    schemes: ['https'],
    tags: [operation.tag],
  };
}

function objectOperation(operation: ApiOperation): Json {
  const { body, method } = operation;
  // Old clients look for dryRun among the parameters of a patch and do not follow references.
  const inline = method === 'patch';
  const queries = operation.queries.map((name) => (inline ? queryParameter(name) : { $ref: `#/parameters/${name}` }));
  const bodyParameter = { in: 'body', name: 'body', required: method !== 'delete', schema: body && reference(body) };
  return {
    consumes: body === patch ? patchTypesOf(operation) : ['*/*'],
    description: operation.description,
    operationId: operation.id,
    parameters: [...(body ? [bodyParameter] : []), ...queries],
    produces: operation.answer ? (operation.watchable ? watchTypes : objectTypes) : ['*/*'],
    responses: responses(operation.codes, operation.answer),
    schemes: ['https'],
    tags: [operation.tag],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

function queryParameter(name: ParameterName): Json {
  const { type, description } = queryParameters[name];
  return { description, in: 'query', name, type, uniqueItems: true };
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function responses(codes: readonly number[], answer: string | undefined): Json {
  const schema = answer ? reference(answer) : { type: 'string' };
  return {
    ...Object.fromEntries(codes.map((code) => [String(code), { description: reasons[code] ?? 'OK', schema }])),
    401: { description: 'Unauthorized' },
  };
}

/** Every `$ref` in a document that names something the document does not have. */
export function danglingReferences(document: Json): string[] {
  const missing = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === '$ref' && typeof each === 'string' && !resolves(document, each)) missing.add(each);
      else visit(each);
    }
  };
  visit(document);
  return [...missing];
}

function resolves(document: Json, ref: string): boolean {
  let value: unknown = document;
  for (const step of ref.replace(/^#\//, '').split('/')) {
    value = typeof value === 'object' && value !== null ? (value as Json)[step] : undefined;
  }
  return value !== undefined && referencedName(ref) !== '';
}
