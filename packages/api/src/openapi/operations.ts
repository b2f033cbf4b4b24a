/** The operations on a kind, without the dress of an OpenAPI version: what v2 and v3 documents are both made from. */
import type { ResourceDefinition, SubresourceDefinition, Verb } from '../resource.js';
import type { ParameterName } from './parameters.js';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface OperationKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

export interface ApiOperation {
  readonly path: string;
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  /** `x-kubernetes-action`. */
  readonly action: 'list' | 'post' | 'deletecollection' | 'get' | 'put' | 'patch' | 'delete' | 'connect';
  readonly tag: string;
  readonly kind: OperationKind;
  readonly queries: readonly ParameterName[];
  /** Definition of the request's body, if it has one. */
  readonly body?: string;
  /** Definition of the answer; absent for streams and proxies, which answer with text. */
  readonly answer?: string;
  /** Status codes of success. */
  readonly codes: readonly number[];
  readonly watchable: boolean;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const listQueries: readonly ParameterName[] = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const writeQueries: readonly ParameterName[] = ['dryRun', 'fieldManager', 'fieldValidation'];
const deleteQueries: readonly ParameterName[] = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
];
const deleteCollectionQueries: readonly ParameterName[] = [
  'continue',
  'dryRun',
  'fieldSelector',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'labelSelector',
  'limit',
  'orphanDependents',
  'propagationPolicy',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
];

/** `coreV1` parts of names: `CoreV1` in operation ids, `core_v1` as tag. */
export function groupNames(group: string, version: string): { id: string; tag: string } {
  const words = (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split('.');
  const camel = words.map(capitalize).join('');
  const first = camel.charAt(0).toLowerCase() + camel.slice(1);
  return { id: `${camel}${capitalize(version)}`, tag: `${first}_${version}` };
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Every operation that the engine serves on a kind, subresources included. */
export function operationsOf(definition: ResourceDefinition): ApiOperation[] {
  const base = baseOf(definition);
  return [
    ...definition.verbs.flatMap((verb) => verbOperation(definition, verb, base)),
    ...Object.entries(definition.subresources).flatMap(([name, subresource]) =>
      subresourceOperations(definition, name, subresource, base),
    ),
  ];
}

interface Base {
  readonly collection: string;
  readonly item: string;
  /** `CoreV1`. */
  readonly group: string;
  readonly tag: string;
  readonly scope: 'Namespaced' | '';
}

function baseOf({ group, version, plural, namespaced }: ResourceDefinition): Base {
  const root = groupVersionPath(group, version);
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const names = groupNames(group, version);
  return {
    collection,
    item: `${collection}/{name}`,
    group: names.id,
    tag: names.tag,
    scope: namespaced ? 'Namespaced' : '',
  };
}

function verbOperation(definition: ResourceDefinition, verb: Verb, base: Base): ApiOperation[] {
  const { group, version, kind, listKind, schema } = definition;
  const list = schema.replace(/[^.]+$/, listKind);
  const common = { tag: base.tag, kind: { group, kind, version }, watchable: false };
  const name = `${base.scope}${kind}`;
  switch (verb) {
    case 'list':
      return listOperations(definition, list, base);
    case 'create':
      return [
        {
          ...common,
          path: base.collection,
          method: 'post',
          id: `create${base.group}${name}`,
          description: `create ${article(kind)} ${kind}`,
          action: 'post',
          queries: writeQueries,
          body: schema,
          answer: schema,
          codes: [200, 201, 202],
        },
      ];
    case 'deletecollection':
      return [
        {
          ...common,
          path: base.collection,
          method: 'delete',
          id: `delete${base.group}Collection${name}`,
          description: `delete collection of ${kind}`,
          action: 'deletecollection',
          queries: deleteCollectionQueries,
          body: `${meta}.DeleteOptions`,
          answer: `${meta}.Status`,
          codes: [200],
        },
      ];
    case 'delete':
      return [
        {
          ...common,
          path: base.item,
          method: 'delete',
          id: `delete${base.group}${name}`,
          description: `delete ${article(kind)} ${kind}`,
          action: 'delete',
          queries: deleteQueries,
          body: `${meta}.DeleteOptions`,
          answer: `${meta}.Status`,
          codes: [200, 202],
        },
      ];
    case 'get':
    case 'update':
    case 'patch':
      return [editOperation(verb, { definition, base, path: base.item, name, schema, kind: common.kind, of: '' })];
    case 'watch':
      return [];
  }
}

function listOperations(definition: ResourceDefinition, list: string, base: Base): ApiOperation[] {
  const { group, version, kind, plural, namespaced } = definition;
  const operation: ApiOperation = {
    path: base.collection,
    method: 'get',
    id: `list${base.group}${base.scope}${kind}`,
    description: `list or watch objects of kind ${kind}`,
    action: 'list',
    tag: base.tag,
    kind: { group, kind, version },
    queries: listQueries,
    answer: list,
    codes: [200],
    watchable: definition.verbs.includes('watch'),
  };
  if (!namespaced) return [operation];
  const path = `${groupVersionPath(group, version)}/${plural}`;
  return [operation, { ...operation, path, id: `list${base.group}${kind}ForAllNamespaces` }];
}

interface Edited {
  readonly definition: ResourceDefinition;
  readonly base: Base;
  readonly path: string;
  /** As in the operation id, e.g. `NamespacedPodStatus`. */
  readonly name: string;
  readonly schema: string;
  readonly kind: OperationKind;
  /** `status of ` for subresources. */
  readonly of: string;
}

function editOperation(verb: 'get' | 'update' | 'patch', edited: Edited): ApiOperation {
  const { definition, base, path, name, schema, kind, of } = edited;
  const object = `${of}the specified ${definition.kind}`;
  const common = { path, tag: base.tag, kind, answer: schema, watchable: false };
  switch (verb) {
    case 'get':
      return {
        ...common,
        method: 'get',
        id: `read${base.group}${name}`,
        description: `read ${object}`,
        action: 'get',
        queries: [],
        codes: [200],
      };
    case 'update':
      return {
        ...common,
        method: 'put',
        id: `replace${base.group}${name}`,
        description: `replace ${object}`,
        action: 'put',
        queries: writeQueries,
        body: schema,
        codes: [200, 201],
      };
    case 'patch':
      return {
        ...common,
        method: 'patch',
        id: `patch${base.group}${name}`,
        description: `partially update ${object}`,
        action: 'patch',
        queries: [...writeQueries, 'force'],
        body: `${meta}.Patch`,
        codes: [200, 201],
      };
  }
}

function subresourceOperations(
  definition: ResourceDefinition,
  name: string,
  subresource: SubresourceDefinition,
  base: Base,
): ApiOperation[] {
  if (name === 'log' || subresource.kind?.endsWith('Options'))
    return connectOperations(definition, name, subresource, base);
  const kind = subresourceKind(definition, subresource);
  const schema = subresource.kind === undefined ? definition.schema : schemaOf(kind);
  const path = `${base.item}/${name}`;
  const id = `${base.scope}${definition.kind}${capitalize(name)}`;
  return subresource.verbs.flatMap((verb): ApiOperation[] => {
    if (verb === 'get' || verb === 'update' || verb === 'patch') {
      return [editOperation(verb, { definition, base, path, name: id, schema, kind, of: `${name} of ` })];
    }
    if (verb !== 'create') return [];
    return [
      {
        path,
        method: 'post',
        id: `create${base.group}${id}`,
        description: `create ${name} of ${article(definition.kind)} ${definition.kind}`,
        action: 'post',
        tag: base.tag,
        kind,
        queries: writeQueries,
        body: schema,
        answer: schema,
        codes: [200, 201, 202],
        watchable: false,
      },
    ];
  });
}

const connectMethods: readonly (readonly [Verb, Method])[] = [
  ['get', 'get'],
  ['create', 'post'],
  ['update', 'put'],
  ['delete', 'delete'],
  ['patch', 'patch'],
];

/** Streams and proxies. Logs are read like an object and answer with text. */
function connectOperations(
  definition: ResourceDefinition,
  name: string,
  subresource: SubresourceDefinition,
  base: Base,
): ApiOperation[] {
  const kind = subresourceKind(definition, subresource);
  const log = name === 'log';
  return connectMethods
    .filter(([verb]) => subresource.verbs.includes(verb))
    .map(([, method]) => ({
      path: `${base.item}/${name}`,
      method,
      id: log
        ? `read${base.group}${base.scope}${definition.kind}Log`
        : `connect${base.group}${capitalize(method)}${base.scope}${definition.kind}${capitalize(name)}`,
      description: log
        ? `read log of the specified ${definition.kind}`
        : `connect ${method.toUpperCase()} requests to ${name} of ${definition.kind}`,
      action: log ? 'get' : 'connect',
      tag: base.tag,
      kind,
      queries: [],
      codes: [200],
      watchable: false,
    }));
}

function subresourceKind(definition: ResourceDefinition, subresource: SubresourceDefinition): OperationKind {
  return {
    group: subresource.group ?? definition.group,
    kind: subresource.kind ?? definition.kind,
    version: subresource.version ?? definition.version,
  };
}

/** Definition of a built-in kind that only occurs as a subresource (Scale, Eviction, Binding, TokenRequest). */
function schemaOf({ group, kind, version }: OperationKind): string {
  const name = group === '' ? 'core' : (group.split('.')[0] ?? group);
  return `io.k8s.api.${name}.${version}.${kind}`;
}

function article(kind: string): string {
  return /^[AEIOU]/.test(kind) ? 'an' : 'a';
}
