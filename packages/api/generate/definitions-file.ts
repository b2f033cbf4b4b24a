/** Turns the client's models into OpenAPI definitions, and those into a TypeScript file. */
import type { Model, ModelField } from './client-models.js';
import {
  byteFields,
  everywhereKinds,
  extraDefinitions,
  fieldDefaults,
  metaKinds,
  quantity,
  quantityFields,
  referenceFields,
} from './corrections.js';
import { fieldEnums } from './enums.js';
import { atomicDefinitions, atomicMaps, granularMaps, listRules, objectPatchStrategies } from './extensions.js';
import { plainName, type ServedVersion, servedVersions } from './names.js';

type Json = Record<string, unknown>;

const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const reference = (name: string): Json => ({ $ref: `#/definitions/${name}` });

/** Definitions by full name. `names` is the full name of each model that is wanted. */
export function buildDefinitions(
  models: ReadonlyMap<string, Model>,
  names: ReadonlyMap<string, string>,
): Record<string, Json> {
  const definitions: Record<string, Json> = structuredClone(extraDefinitions) as Record<string, Json>;
  for (const [modelName, fullName] of names) {
    const model = models.get(modelName);
    if (!model) throw new Error(`the client has no model ${modelName}`);
    definitions[fullName] = buildDefinition(model, fullName, names);
  }
  return Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function buildDefinition(model: Model, fullName: string, names: ReadonlyMap<string, string>): Json {
  const properties: Record<string, Json> = {};
  for (const field of [...model.fields].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    properties[field.name] = buildProperty(field, `${fullName}.${field.name}`, names);
  }
  const required = model.fields.filter((field) => field.required).map((field) => field.name);
  const kinds = groupVersionKinds(model, fullName);
  return {
    ...(model.description ? { description: model.description } : {}),
    ...(required.length > 0 ? { required: required.sort() } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    type: 'object',
    ...(kinds.length > 0 ? { 'x-kubernetes-group-version-kind': kinds } : {}),
    ...(atomicDefinitions.has(fullName) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function buildProperty(field: ModelField, path: string, names: ReadonlyMap<string, string>): Json {
  const schema = typeSchema(field.type, field.format, path, names);
  const fallback = fieldDefaults[path];
  return {
    ...(field.description ? { description: field.description } : {}),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...schema,
    ...(fieldEnums[path] ? { enum: fieldEnums[path] } : {}),
    ...mergeExtensions(path, schema),
  };
}

function typeSchema(type: string, format: string, path: string, names: ReadonlyMap<string, string>): Json {
  const item = type.match(/^Array<(.*)>$/)?.[1];
  if (item) return { type: 'array', items: typeSchema(item, format, path, names) };
  const value = type.match(/^\{ \[key: string\]: (.*); \}$/)?.[1];
  if (value) return { type: 'object', additionalProperties: typeSchema(value, format, path, names) };
  switch (type) {
    case 'string':
      if (quantityFields.has(path)) return reference(quantity);
      return format || byteFields.has(path) ? { type, format: format || 'byte' } : { type };
    case 'boolean':
      return { type };
    case 'number':
      return { type: format === 'double' ? 'number' : 'integer', format };
    case 'Date':
      return reference(`${metaPackage}.Time`);
    case 'V1MicroTime':
      return reference(`${metaPackage}.MicroTime`);
    case 'IntOrString':
      return reference(intOrString);
    case 'any':
      return anySchema(path);
  }
  const name = names.get(type);
  if (!name) throw new Error(`${path} has type ${type}, which has no definition`);
  return reference(name);
}

function anySchema(path: string): Json {
  const name = referenceFields[path];
  if (!name) throw new Error(`${path} may be anything: name its definition in corrections.ts`);
  return reference(name);
}

function mergeExtensions(path: string, schema: Json): Json {
  const strategy = objectPatchStrategies.get(path);
  if (strategy) return { 'x-kubernetes-patch-strategy': strategy };
  if (schema['type'] === 'array') {
    const rule = listRules.get(path) ?? { list: 'atomic' };
    return {
      ...('keys' in rule ? { 'x-kubernetes-list-map-keys': rule.keys } : {}),
      'x-kubernetes-list-type': rule.list,
      ...('patchKey' in rule ? { 'x-kubernetes-patch-merge-key': rule.patchKey } : {}),
      ...('patch' in rule ? { 'x-kubernetes-patch-strategy': rule.patch } : {}),
    };
  }
  if (atomicMaps.has(path)) return { 'x-kubernetes-map-type': 'atomic' };
  return granularMaps.has(path) ? { 'x-kubernetes-map-type': 'granular' } : {};
}

/** Group, version and kind of a top-level kind; every served version for what all of them share; nothing for the rest. */
export function groupVersionKinds(model: Model, fullName: string): Json[] {
  const kind = plainName(model.name);
  if (everywhereKinds.has(fullName)) return servedVersions.map(({ group, version }) => ({ group, kind, version }));
  if (metaKinds.has(fullName)) return [{ group: '', kind, version: 'v1' }];
  const has = (name: string): boolean => model.fields.some((field) => field.name === name);
  if (!has('apiVersion') || !has('kind') || !has('metadata')) return [];
  const served = servedVersions.find((candidate: ServedVersion) => fullName === `${candidate.package}.${kind}`);
  return served ? [{ group: served.group, kind, version: served.version }] : [];
}

/** Checks that the tables of corrections name only fields that exist, so that none is lost when the client is updated. */
export function checkTables(definitions: Record<string, Json>): void {
  const tables = [
    ...quantityFields,
    ...Object.keys(referenceFields),
    ...Object.keys(fieldDefaults),
    ...Object.keys(fieldEnums),
    ...byteFields,
    ...listRules.keys(),
    ...objectPatchStrategies.keys(),
    ...atomicMaps,
    ...granularMaps,
  ];
  const unknown = tables.filter((path) => {
    const dot = path.indexOf('.', path.search(/\.[A-Z]/) + 1);
    const properties = definitions[path.slice(0, dot)]?.['properties'] as Json | undefined;
    return properties?.[path.slice(dot + 1)] === undefined;
  });
  unknown.push(...[...atomicDefinitions].filter((name) => definitions[name] === undefined));
  if (unknown.length > 0) throw new Error(`tables name what the client does not have: ${unknown.join(', ')}`);
}

const header = '// Generated by packages/api/generate. Do not edit.\n';

/** The definitions as JSON in a string: parsing it is five times faster than evaluating the literal. */
export function definitionsFile(definitions: Record<string, Json>): string {
  const bare = JSON.stringify(definitions, (key, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value,
  );
  return `${header}export const definitionsJson: string =\n  ${JSON.stringify(bare)};\n`;
}

/** Descriptions apart from the definitions, because only OpenAPI documents need them: by definition, then by field (`''` for itself). */
export function descriptionsFile(definitions: Record<string, Json>): string {
  const all: Record<string, Record<string, string>> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const texts: Record<string, string> = {};
    if (typeof definition['description'] === 'string') texts[''] = definition['description'];
    for (const [field, property] of Object.entries(
      (definition['properties'] as Record<string, Json> | undefined) ?? {},
    )) {
      if (typeof property['description'] === 'string') texts[field] = property['description'];
    }
    all[name] = texts;
  }
  return `${header}export const descriptionsJson: string =\n  ${JSON.stringify(JSON.stringify(all))};\n`;
}
