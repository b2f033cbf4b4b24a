/** The operations on a kind, without the dress of an OpenAPI version: what v2 and v3 documents are both made from. */
import type { ResourceDefinition, Verb } from '../resource.js';
import type { ParameterName } from './parameters.js';
import { subresourceOperations } from './subresource-operations.js';

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
export const writeQueries: readonly ParameterName[] = ['dryRun', 'fieldManager', 'fieldValidation'];
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

export function capitalize(word: string): string {
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

/** What the operations on one kind share. */
export interface Base {
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
  const { group, version, kind, schema } = definition;
  const edited = { definition, base, path: base.item, name: `${base.scope}${kind}`, schema };
  switch (verb) {
    case 'list':
      return listOperations(definition, base);
    case 'create':
      return [createOperation(definition, base)];
    case 'deletecollection':
      return [deleteOperation(definition, base, { collection: true })];
    case 'delete':
      return [deleteOperation(definition, base, { collection: false })];
    case 'get':
    case 'update':
    case 'patch':
      return [editOperation(verb, { ...edited, kind: { group, kind, version }, of: '' })];
    case 'watch':
      return [];
  }
}

function createOperation({ group, version, kind, schema }: ResourceDefinition, base: Base): ApiOperation {
  return {
    path: base.collection,
    method: 'post',
    id: `create${base.group}${base.scope}${kind}`,
    description: `create ${article(kind)} ${kind}`,
    action: 'post',
    tag: base.tag,
    kind: { group, kind, version },
    queries: writeQueries,
    body: schema,
    answer: schema,
    codes: [200, 201, 202],
    watchable: false,
  };
}

function deleteOperation(
  { group, version, kind }: ResourceDefinition,
  base: Base,
  { collection }: { collection: boolean },
): ApiOperation {
  return {
    path: collection ? base.collection : base.item,
    method: 'delete',
    id: `delete${base.group}${collection ? 'Collection' : ''}${base.scope}${kind}`,
    description: collection ? `delete collection of ${kind}` : `delete ${article(kind)} ${kind}`,
    action: collection ? 'deletecollection' : 'delete',
    tag: base.tag,
    kind: { group, kind, version },
    queries: collection ? deleteCollectionQueries : deleteQueries,
    body: `${meta}.DeleteOptions`,
    answer: `${meta}.Status`,
    codes: collection ? [200] : [200, 202],
    watchable: false,
  };
}

function listOperations(definition: ResourceDefinition, base: Base): ApiOperation[] {
  const { group, version, kind, listKind, plural, namespaced, schema } = definition;
  const operation: ApiOperation = {
    path: base.collection,
    method: 'get',
    id: `list${base.group}${base.scope}${kind}`,
    description: `list or watch objects of kind ${kind}`,
    action: 'list',
    tag: base.tag,
    kind: { group, kind, version },
    queries: listQueries,
    answer: schema.replace(/[^.]+$/, listKind),
    codes: [200],
    watchable: definition.verbs.includes('watch'),
  };
  if (!namespaced) return [operation];
  const path = `${groupVersionPath(group, version)}/${plural}`;
  return [operation, { ...operation, path, id: `list${base.group}${kind}ForAllNamespaces` }];
}

/** What {@link editOperation} reads, replaces and patches: a kind or a subresource of it. */
export interface Edited {
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

export function editOperation(verb: 'get' | 'update' | 'patch', edited: Edited): ApiOperation {
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

/** `a` or `an`. */
export function article(kind: string): string {
  return /^[AEIOU]/.test(kind) ? 'an' : 'a';
}
