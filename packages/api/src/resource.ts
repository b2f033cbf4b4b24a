import type { FieldError } from '@kubelab/apimachinery/field-error';
import type { KubeObject, UnstructuredObject } from '@kubelab/apimachinery/meta';

/**
 * How a kind is described to the resource engine. Built-in kinds and custom kinds are both this; built-in kinds add hooks in TypeScript
 * where a schema cannot say what upstream does.
 */
export interface ResourceDefinition {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `${kind}List` unless upstream differs. */
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Name of the OpenAPI definition, e.g. `io.k8s.api.core.v1.Pod`. */
  readonly schema: string;
  /** Folder below `/registry/` in etcd, as upstream: `pods`, `minions`, `services/specs`. Kinds that are never stored have none. */
  readonly storagePath?: string;
  readonly verbs: readonly Verb[];
  /** Keyed by subresource name: `status`, `scale`, `log`, ... */
  readonly subresources: Readonly<Record<string, SubresourceDefinition>>;
  readonly columns: readonly PrinterColumn[];
  /** Field selectors beyond metadata.name and metadata.namespace, as dotted paths. */
  readonly selectableFields: readonly string[];
  /** True when metadata.generation counts changes of everything but metadata and status. */
  readonly generation: boolean;
  /** Objects vanish this long after their last write (events: 3600). */
  readonly ttlSeconds?: number;
  /** The text that clients of a deprecated kind or version are warned with. */
  readonly deprecation?: string;
  readonly hooks: ResourceHooks;
  /** Set when objects are kept in the form of another version of the kind. */
  readonly stored?: StoredForm;
  /** Set for kinds of CustomResourceDefinitions: what the engine cannot look up among the built-in definitions. */
  readonly custom?: CustomKind;
}

/** How objects of one version are kept as another version. Both functions give new objects and leave their argument alone. */
export interface StoredForm {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  toStored(object: UnstructuredObject): UnstructuredObject;
  /** Also what brings objects that were stored long ago in line with today's schema. Gives the argument itself when nothing differs. */
  fromStored(stored: UnstructuredObject): UnstructuredObject;
}

export interface CustomKind {
  /** The schema as OpenAPI definitions below {@link ResourceDefinition.schema} and its list. */
  readonly definitions: CustomDefinitions;
  /** Where the scale subresource finds its numbers; dotted paths without a dot in front. */
  readonly scale?: { readonly specReplicas: string; readonly statusReplicas: string; readonly labelSelector?: string };
  /** The definition is being deleted: nothing new may be created. */
  readonly terminating: boolean;
  /** Removes undeclared fields in place and gives their paths. Throws DecodeError for metadata that is none. */
  conform(object: Record<string, unknown>): string[];
}

export interface CustomDefinitions {
  /** For OpenAPI v2, which knows less. */
  readonly v2: Readonly<Record<string, object>>;
  readonly v3: Readonly<Record<string, object>>;
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface SubresourceDefinition {
  /** Kind that the subresource takes and gives, when it is not the parent's. */
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly Verb[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown, 1 only in `-o wide`. */
  readonly priority: number;
  readonly cell: (object: UnstructuredObject, context: { now: Date }) => string | number | bigint | boolean | null;
}

/** What a client may want to know of a row without knowing the kind: that an object is done and may be left out. */
export interface TableRowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

/** What a schema cannot say. Every hook is pure but for the object it is told to change. */
export interface ResourceHooks {
  /** Fills in upstream's defaults; runs on every write and must be idempotent. */
  default?(object: UnstructuredObject): void;
  /** Clears or sets what a client may not choose at creation (status, generation is done by the engine). `warn` adds a Warning header. */
  prepareForCreate?(object: UnstructuredObject, warn: (message: string) => void): void;
  /** Restores what an update of the main resource may not change. */
  prepareForUpdate?(object: UnstructuredObject, old: UnstructuredObject): void;
  prepareForStatusUpdate?(object: UnstructuredObject, old: UnstructuredObject): void;
  /** The whole object, metadata included. Runs after `default` and admission. */
  validate?(object: UnstructuredObject): FieldError[];
  /** Everything an update of the main resource must satisfy: also what `validate` checks, and that metadata keeps what it must. */
  validateUpdate?(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  validateStatusUpdate?(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  /** Text of one of `selectableFields` that is not simply the value at its path; undefined for the others. */
  fieldValue?(object: UnstructuredObject, field: string): string | undefined;
  /** Conditions of the object's row in a Table; none by default. */
  rowConditions?(object: UnstructuredObject): readonly TableRowCondition[];
  /** Warning headers for this object; `old` is there for updates. */
  warnings?(object: UnstructuredObject, old?: UnstructuredObject): string[];
  /** Changes an object that a delete call is about to mark: finalizers that keep it until somebody has cleaned up. */
  prepareForDelete?(object: UnstructuredObject, now: Date): void;
  /** Seconds between the delete call and removal; 0 (the default) removes at once. Pods: spec.terminationGracePeriodSeconds. */
  gracePeriodSeconds?(object: UnstructuredObject): number;
}

/** How a client addresses a kind. Every ResourceDefinition has one; the typed constants are in `resource-types.ts`. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries T for inference. */
  readonly example?: T;
}
