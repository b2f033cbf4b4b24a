/** Type schemas out of OpenAPI definitions with Kubernetes' extensions. */

import { isObject } from './json.js';
import {
  anyAtomic,
  anyGranular,
  type FieldSchema,
  type ListSchema,
  type MapSchema,
  type PatchStrategy,
  type ScalarSchema,
  type StructSchema,
  type TypeSchema,
} from './schema.js';

/** The part of an OpenAPI schema (v2 or v3) that is read here. */
export interface OpenApiSchema {
  $ref?: string;
  allOf?: readonly OpenApiSchema[];
  type?: string;
  format?: string;
  properties?: Readonly<Record<string, OpenApiSchema>>;
  additionalProperties?: OpenApiSchema | boolean;
  items?: OpenApiSchema;
  required?: readonly string[];
  default?: unknown;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

export type OpenApiDefinitions = Readonly<Record<string, OpenApiSchema>>;

const anyScalar: ScalarSchema = { kind: 'scalar', type: 'any' };
const scalars: Readonly<Record<string, ScalarSchema>> = {
  string: { kind: 'scalar', type: 'string' },
  integer: { kind: 'scalar', type: 'number' },
  number: { kind: 'scalar', type: 'number' },
  boolean: { kind: 'scalar', type: 'boolean' },
};
/** Written as a string or a number, whatever the definition says. */
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/**
 * Struct fields that upstream's built-in types embed by value although they are optional: an empty object has them, so creating one
 * gives nobody their existence. Other optional structs are pointers.
 */
const valueFields = new Set([
  'metadata',
  'spec',
  'status',
  'template',
  'jobTemplate',
  'strategy',
  'updateStrategy',
  'resources',
  'state',
  'lastState',
  'nodeInfo',
  'daemonEndpoints',
  'loadBalancer',
]);

const cache = new WeakMap<OpenApiDefinitions, Map<string, TypeSchema>>();

/** The schema of definition `name`. Resolved as it is walked and kept per `definitions`. Throws Error for a name or $ref that is not there. */
export function schemaFromOpenApi(definitions: OpenApiDefinitions, name: string): TypeSchema {
  let known = cache.get(definitions);
  if (!known) {
    known = new Map();
    cache.set(definitions, known);
  }
  const found = known.get(name);
  if (found) return found;
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (!definition) throw new Error(`no OpenAPI definition is named ${JSON.stringify(name)}`);
  const schema =
    name === quantity || name === intOrString ? anyScalar : new Converter(definitions, name).convert(definition);
  known.set(name, schema);
  return schema;
}

/** As {@link schemaFromOpenApi}, for a schema that stands alone, such as a CustomResourceDefinition's. */
export function schemaFromInlineOpenApi(
  schema: OpenApiSchema,
  name: string,
  definitions: OpenApiDefinitions = {},
): TypeSchema {
  return new Converter(definitions, name).convert(schema);
}

function referenced(schema: OpenApiSchema): string | undefined {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  return ref?.replace(/^#\/(?:definitions|components\/schemas)\//, '');
}

/** Go's name of the type: `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
const shortName = (definition: string): string => definition.slice(definition.lastIndexOf('.') + 1);

class Converter {
  constructor(
    private readonly definitions: OpenApiDefinitions,
    private readonly definitionName: string,
  ) {}

  convert(schema: OpenApiSchema): TypeSchema {
    const ref = referenced(schema);
    if (ref !== undefined) return withMapType(schemaFromOpenApi(this.definitions, ref), schema);
    if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') return anyScalar;
    if (schema.type === 'array' || schema.items) return this.list(schema);
    if (schema.type === 'object' || schema.properties || schema.additionalProperties) return this.object(schema);
    if (schema.type === 'string' && schema.format !== undefined && schema.format !== 'byte') return anyScalar;
    const scalar = schema.type !== undefined && Object.hasOwn(scalars, schema.type) ? scalars[schema.type] : undefined;
    return scalar ?? (schema['x-kubernetes-preserve-unknown-fields'] === true ? anyGranular : anyAtomic);
  }

  private list(schema: OpenApiSchema): ListSchema {
    return new LazyList(listTypeOf(schema), listKeysOf(schema), () => this.convert(schema.items ?? {}));
  }

  private object(schema: OpenApiSchema): TypeSchema {
    const atomic = schema['x-kubernetes-map-type'] === 'atomic';
    const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
    const { additionalProperties } = schema;
    const values = isObject(additionalProperties) ? (additionalProperties as OpenApiSchema) : undefined;
    if (schema.properties && Object.keys(schema.properties).length > 0) {
      const unknown = values
        ? this.convert(values)
        : preserve || additionalProperties === true
          ? anyGranular
          : undefined;
      return new LazyStruct(this, this.definitionName, schema, atomic, unknown);
    }
    if (values) return new LazyMap(atomic, () => this.convert(values));
    return preserve ? (atomic ? anyAtomic : anyGranular) : anyAtomic;
  }
}

/** A field may say that the type it refers to is atomic there. */
function withMapType(type: TypeSchema, field: OpenApiSchema): TypeSchema {
  const atomic = field['x-kubernetes-map-type'] === 'atomic';
  if (!atomic || (type.kind !== 'struct' && type.kind !== 'map') || type.atomic) return type;
  if (type.kind === 'map') return new LazyMap(true, () => type.values);
  return {
    kind: 'struct',
    name: type.name,
    atomic,
    field: (name) => type.field(name),
    ...(type.unknown ? { unknown: type.unknown } : {}),
  };
}

function listTypeOf(schema: OpenApiSchema): ListSchema['listType'] {
  const declared = schema['x-kubernetes-list-type'];
  if (declared === 'map' || declared === 'set' || declared === 'atomic') return declared;
  if (!patchStrategiesOf(schema).includes('merge')) return 'atomic';
  return schema['x-kubernetes-patch-merge-key'] === undefined ? 'set' : 'map';
}

function listKeysOf(schema: OpenApiSchema): readonly string[] {
  if (listTypeOf(schema) !== 'map') return [];
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  return schema['x-kubernetes-list-map-keys'] ?? (mergeKey === undefined ? [] : [mergeKey]);
}

function patchStrategiesOf(schema: OpenApiSchema): readonly PatchStrategy[] {
  const text = schema['x-kubernetes-patch-strategy'] ?? '';
  return text.split(',').filter((word): word is PatchStrategy => ['merge', 'replace', 'retainKeys'].includes(word));
}

/** Types refer to each other in circles: parts are converted when first asked for. */
class LazyList implements ListSchema {
  readonly kind = 'list';
  private resolved?: TypeSchema;

  constructor(
    readonly listType: ListSchema['listType'],
    readonly keys: readonly string[],
    private readonly resolve: () => TypeSchema,
  ) {}

  get items(): TypeSchema {
    this.resolved ??= this.resolve();
    return this.resolved;
  }
}

class LazyMap implements MapSchema {
  readonly kind = 'map';
  private resolved?: TypeSchema;

  constructor(
    readonly atomic: boolean,
    private readonly resolve: () => TypeSchema,
  ) {}

  get values(): TypeSchema {
    this.resolved ??= this.resolve();
    return this.resolved;
  }
}

class LazyStruct implements StructSchema {
  readonly kind = 'struct';
  readonly name: string;
  readonly unknown?: TypeSchema;
  private readonly fields = new Map<string, FieldSchema | undefined>();
  private readonly builtIn: boolean;

  constructor(
    private readonly converter: Converter,
    definitionName: string,
    private readonly schema: OpenApiSchema,
    readonly atomic: boolean,
    unknown: TypeSchema | undefined,
  ) {
    this.name = shortName(definitionName);
    this.builtIn = definitionName.startsWith('io.k8s.');
    if (unknown) this.unknown = unknown;
  }

  field(name: string): FieldSchema | undefined {
    const known = this.fields.get(name);
    if (known) return known;
    const { properties = {} } = this.schema;
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!property) return undefined;
    const field = this.convertField(name, property);
    this.fields.set(name, field);
    return field;
  }

  private convertField(name: string, property: OpenApiSchema): FieldSchema {
    const mergeKey = property['x-kubernetes-patch-merge-key'];
    const required = this.schema.required?.includes(name) ?? false;
    return {
      type: this.converter.convert(property),
      required,
      byValue: this.builtIn && (required || valueFields.has(name)),
      patchStrategies: patchStrategiesOf(property),
      ...(mergeKey === undefined ? {} : { patchMergeKey: mergeKey }),
      ...(property.default === undefined ? {} : { default: property.default }),
    };
  }
}
