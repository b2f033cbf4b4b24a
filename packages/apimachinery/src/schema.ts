/**
 * What patches, server-side apply and managed fields need to know about a type. One interface for built-in and custom kinds;
 * `openapi-schema.ts` makes it from OpenAPI definitions.
 */
export type TypeSchema = ScalarSchema | StructSchema | MapSchema | ListSchema | AnySchema;

/** The name under which strategic merge patch asks for a schema. */
export type PatchSchema = TypeSchema;

export interface ScalarSchema {
  readonly kind: 'scalar';
  /** `any`: quantities, int-or-string and the like. */
  readonly type: 'string' | 'number' | 'boolean' | 'any';
}

/** An object whose fields are declared. */
export interface StructSchema {
  readonly kind: 'struct';
  /** For messages: `PodSpec`. */
  readonly name: string;
  /** Owned and replaced as a whole. */
  readonly atomic: boolean;
  field(name: string): FieldSchema | undefined;
  /** The type of fields that are not declared; absent when they are errors. */
  readonly unknown?: TypeSchema;
}

export interface FieldSchema {
  readonly type: TypeSchema;
  readonly required: boolean;
  /** What the server fills in; completes the keys of list items (a port's protocol). */
  readonly default?: unknown;
  /** Upstream's Go type always has this struct or list, so nobody owns its existence. */
  readonly byValue: boolean;
  readonly patchStrategies: readonly PatchStrategy[];
  readonly patchMergeKey?: string;
}

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys';

/** An object with arbitrary keys and one type of value. */
export interface MapSchema {
  readonly kind: 'map';
  readonly atomic: boolean;
  readonly values: TypeSchema;
}

export interface ListSchema {
  readonly kind: 'list';
  readonly listType: 'atomic' | 'set' | 'map';
  /** Fields that tell items apart; only for `map`. */
  readonly keys: readonly string[];
  readonly items: TypeSchema;
}

/** Arbitrary JSON. Lists in it are atomic; objects are too if `atomic`, or else maps of arbitrary JSON. */
export interface AnySchema {
  readonly kind: 'any';
  readonly atomic: boolean;
}

export const anyAtomic: AnySchema = { kind: 'any', atomic: true };
export const anyGranular: AnySchema = { kind: 'any', atomic: false };

/** The schema of field `name` in an object of type `schema`, or undefined where none may be. */
export function childSchema(schema: StructSchema | MapSchema | AnySchema, name: string): TypeSchema | undefined {
  if (schema.kind === 'map') return schema.values;
  if (schema.kind === 'any') return schema;
  return schema.field(name)?.type ?? schema.unknown;
}
