/** The operations on a kind: what v2 and v3 documents are both made from. */
import type { ResourceDefinition, Verb } from '../resource.js';
import {
  type ApiOperation,
  article,
  type Base,
  editOperation,
  groupNames,
  groupVersionPath,
  meta,
  writeQueries,
} from './operation.js';
import type { ParameterName } from './parameters.js';
import { subresourceOperations } from './subresource-operations.js';

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
