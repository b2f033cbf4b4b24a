/** Typed description of one kind, turned into the ResourceDefinition that the engine works with. */

import type { FieldError } from '@kubelab/apimachinery/field-error';
import { type KubeObject, toApiVersion, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import { plainColumns } from './columns.js';
import { completeObject } from './complete-object.js';
import type { GroupVersion } from './group-versions.js';
import type {
  PrinterColumn,
  ResourceDefinition,
  ResourceHooks,
  StoredForm,
  SubresourceDefinition,
  TableRowCondition,
  Verb,
} from './resource.js';

/**
 * {@link ResourceHooks} over the kind's own type. Objects have passed the schema, and `default` runs before everything else. It finds
 * objects as `completeObject` leaves them: required texts, numbers, flags and lists, and structs that are no pointers, are in place.
 */
export interface KindHooks<T extends KubeObject> {
  default?(object: T): void;
  prepareForCreate?(object: T, warn: (message: string) => void): void;
  prepareForUpdate?(object: T, old: T): void;
  prepareForStatusUpdate?(object: T, old: T): void;
  validate?(object: T): FieldError[];
  validateUpdate?(object: T, old: T): FieldError[];
  validateStatusUpdate?(object: T, old: T): FieldError[];
  fieldValue?(object: T, field: string): string | undefined;
  rowConditions?(object: T): readonly TableRowCondition[];
  warnings?(object: T, old?: T): string[];
  prepareForDelete?(object: T, now: Date): void;
  gracePeriodSeconds?(object: T): number;
}

export interface KindColumn<T extends KubeObject> extends Omit<PrinterColumn, 'cell'> {
  readonly cell: (object: T, context: { now: Date }) => string | number | boolean | null;
}

export interface KindOptions<T extends KubeObject> {
  readonly in: GroupVersion;
  readonly kind: string;
  /** `${kind}s` in lower case unless given. */
  readonly plural?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly clusterScoped?: boolean;
  /** Absent for kinds that are answered and never stored. */
  readonly storagePath?: string;
  /** All of them for stored kinds, `create` for the others. */
  readonly verbs?: readonly Verb[];
  readonly subresources?: Readonly<Record<string, SubresourceDefinition>>;
  /** Name and creation time unless given. */
  readonly columns?: readonly KindColumn<T>[];
  readonly selectableFields?: readonly string[];
  readonly generation?: boolean;
  readonly ttlSeconds?: number;
  /** The text that clients are warned with. */
  readonly deprecation?: string;
  readonly hooks?: KindHooks<T>;
  readonly stored?: StoredForm;
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** `get`, `patch` and `update` of the parent kind itself: status and its like. */
export const editSubresource: SubresourceDefinition = { verbs: ['get', 'patch', 'update'] };

export const scaleSubresource: SubresourceDefinition = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: ['get', 'patch', 'update'],
};

/** Plural and singular are the lower-case kind; `listKind` is the kind with `List` behind it, which holds for every built-in kind. */
export function defineKind<T extends KubeObject>(options: KindOptions<T>): ResourceDefinition {
  const singular = options.kind.toLowerCase();
  return {
    group: options.in.group,
    version: options.in.version,
    kind: options.kind,
    listKind: `${options.kind}List`,
    plural: options.plural ?? `${singular}s`,
    singular,
    shortNames: options.shortNames ?? [],
    categories: options.categories ?? [],
    namespaced: !options.clusterScoped,
    schema: `${options.in.definitions}.${options.kind}`,
    ...(options.storagePath === undefined ? {} : { storagePath: options.storagePath }),
    verbs: options.verbs ?? (options.storagePath === undefined ? ['create'] : allVerbs),
    subresources: options.subresources ?? {},
    // The engine hands each hook and cell only objects of this kind.
    columns: (options.columns ?? plainColumns<T>()) as unknown as readonly PrinterColumn[],
    selectableFields: options.selectableFields ?? [],
    generation: options.generation ?? false,
    ...(options.ttlSeconds === undefined ? {} : { ttlSeconds: options.ttlSeconds }),
    ...(options.deprecation === undefined ? {} : { deprecation: options.deprecation }),
    ...(options.stored ? { stored: options.stored } : {}),
    hooks: completing(options),
  };
}

/** The hooks, with {@link completeObject} around those that make or fill in an object. */
function completing<T extends KubeObject>(options: KindOptions<T>): ResourceHooks {
  const hooks = options.hooks as unknown as ResourceHooks | undefined;
  const apiVersion = toApiVersion(options.in.group, options.in.version);
  const complete = (object: UnstructuredObject): void => completeObject(apiVersion, options.kind, object);
  const prepare = hooks?.prepareForCreate;
  return {
    ...hooks,
    default(object) {
      complete(object);
      if (!hooks?.default) return;
      hooks.default(object);
      // What defaults have added is complete, too.
      complete(object);
    },
    ...(prepare && {
      prepareForCreate(object, warn) {
        prepare(object, warn);
        complete(object);
      },
    }),
  };
}
