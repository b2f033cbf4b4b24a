/** The generated OpenAPI definitions of built-in kinds, parsed when first asked for. */
import { definitionsJson } from './generated/definitions.js';
import { descriptionsJson } from './generated/descriptions.js';

/** An OpenAPI v2 schema as our generator writes them; custom kinds bring richer ones. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-group-version-kind'?: readonly SchemaKind[];
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
}

export interface SchemaKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

export type Definitions = Readonly<Record<string, Schema>>;

let parsed: Definitions | undefined;
let descriptions: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;

/** Definitions by full name (`io.k8s.api.core.v1.Pod`), without descriptions: what decoding and merging need. */
export function builtinDefinitions(): Definitions {
  parsed ??= JSON.parse(definitionsJson) as Definitions;
  return parsed;
}

const prefix = '#/definitions/';

/** Full name of the definition that a reference names. */
export function referencedName(ref: string): string {
  return ref.startsWith(prefix) ? ref.slice(prefix.length) : ref;
}

/** Upstream's text on a definition, or on one of its fields; empty when there is none. */
export function describe(definition: string, field = ''): string {
  const property = builtinDefinitions()[definition]?.properties?.[field];
  return ownText(definition, field) || (property ? describeReference(property) : '');
}

function ownText(definition: string, field: string): string {
  descriptions ??= JSON.parse(descriptionsJson) as Record<string, Record<string, string>>;
  return descriptions[definition]?.[field] ?? '';
}

/** Definitions with their descriptions: what OpenAPI documents need. A new object on every call. */
export function describedDefinitions(): Record<string, Schema> {
  const all: Record<string, Schema> = {};
  for (const [name, definition] of Object.entries(builtinDefinitions())) {
    all[name] = withDescription({ ...definition, ...describedProperties(name, definition) }, describe(name));
  }
  return all;
}

function describedProperties(name: string, definition: Schema): Pick<Schema, 'properties'> {
  if (!definition.properties) return {};
  const properties: Record<string, Schema> = {};
  for (const [field, schema] of Object.entries(definition.properties)) {
    properties[field] = withDescription(schema, describe(name, field));
  }
  return { properties };
}

const metadataText =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const listMetadataText =
  'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds';

/** Our source has no text on fields that are references: what they refer to is described instead. */
function describeReference(schema: Schema): string {
  if (schema.$ref === undefined) return '';
  const name = referencedName(schema.$ref);
  if (name.endsWith('.v1.ObjectMeta')) return metadataText;
  return name.endsWith('.v1.ListMeta') ? listMetadataText : describe(name);
}

function withDescription(schema: Schema, text: string): Schema {
  return text === '' ? schema : { description: text, ...schema };
}
