/** One operation, without the dress of an OpenAPI version, and what all makers of operations share. */
import type { ResourceDefinition } from '../resource.js';
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
  /** Of a custom kind, which no strategic merge patch can be made for. */
  readonly custom?: boolean;
}

/** Definitions of meta/v1. */
export const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
/** Parameters of everything that creates or changes an object. */
export const writeQueries: readonly ParameterName[] = ['dryRun', 'fieldManager', 'fieldValidation'];

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

/** What the operations on one kind share. */
export interface Base {
  readonly collection: string;
  readonly item: string;
  /** `CoreV1`. */
  readonly group: string;
  readonly tag: string;
  readonly scope: 'Namespaced' | '';
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
        ...(definition.custom ? { custom: true } : {}),
      };
  }
}

/** `a` or `an`. */
export function article(kind: string): string {
  return /^[AEIOU]/.test(kind) ? 'an' : 'a';
}
