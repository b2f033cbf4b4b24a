/** The operations on subresources. */
import type { ResourceDefinition, SubresourceDefinition, Verb } from '../resource.js';
import {
  type ApiOperation,
  article,
  type Base,
  capitalize,
  editOperation,
  type Method,
  type OperationKind,
  writeQueries,
} from './operation.js';

export function subresourceOperations(
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
