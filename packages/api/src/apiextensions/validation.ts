/** Validation of CustomResourceDefinitions, with upstream's texts. */
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
  tooMany,
} from '@kubelab/apimachinery/field-error';
import { JsonPathError, parseJsonPath } from '@kubelab/apimachinery/json-path';
import { isDNS1035Label, isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import type { JsonSchema } from '../custom/json-schema.js';
import { validateSchema } from '../custom/schema-rules.js';
import { validateSelectableFields } from '../custom/selectable-fields.js';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '../types.js';
import { validateEnum, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { approvalAnnotation, isConditionTrue, isProtectedGroup } from './conditions.js';

export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { group, names } = definition.spec;
  const wanted = `${names.plural}.${group}`;
  return [
    ...validateObjectMeta(definition.metadata, { namespaced: false, name: dnsSubdomainName }),
    ...(definition.metadata.name === wanted
      ? []
      : [invalid('metadata.name', definition.metadata.name ?? '', 'must be spec.names.plural+"."+spec.group')]),
    ...validateSpec(definition),
    ...validateApproval(definition),
  ];
}

export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const errors = [
    ...validateObjectMetaUpdate(definition, old),
    ...validateDefinition(definition),
    ...validateStoredVersions(definition),
  ];
  const { spec } = definition;
  errors.push(...validateImmutable(spec.group, old.spec.group, 'spec.group'));
  errors.push(...validateImmutable(spec.names.plural, old.spec.names.plural, 'spec.names.plural'));
  // Objects may exist from the moment that the kind was served.
  if (isConditionTrue(old, 'Established')) {
    errors.push(...validateImmutable(spec.scope, old.spec.scope, 'spec.scope'));
    errors.push(...validateImmutable(spec.names.kind, old.spec.names.kind, 'spec.names.kind'));
  }
  return errors;
}

/** Versions that objects may still be kept in must go on to exist. */
export function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [invalid(path, stored, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  const known = new Set(spec.versions.map(({ name }) => name));
  for (const [index, name] of stored.entries()) {
    if (known.has(name)) continue;
    const why =
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ` +
      `ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalid(`${path}[${index}]`, name, why));
  }
  const storage = spec.versions.find((version) => version.storage);
  if (storage && !stored.includes(storage.name)) {
    errors.push(invalid(path, stored, `must have the storage version ${storage.name}`));
  }
  return errors;
}

function validateSpec({ spec }: CustomResourceDefinition): FieldError[] {
  const { group, scope, versions, names, preserveUnknownFields } = spec;
  const errors: FieldError[] = [];
  if (!group) errors.push(required('spec.group'));
  else if (isDNS1123Subdomain(group).length > 0) errors.push(...validateWith(isDNS1123Subdomain, group, 'spec.group'));
  else if (!group.includes('.')) errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  errors.push(...validateEnum(scope, ['Cluster', 'Namespaced'], 'spec.scope'));
  if (preserveUnknownFields) {
    const why =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalid('spec.preserveUnknownFields', true, why));
  }
  const seen = new Set<string>();
  let unique = true;
  for (const [index, version] of versions.entries()) {
    if (seen.has(version.name)) unique = false;
    seen.add(version.name);
    errors.push(...validateVersion(version, `spec.versions[${index}]`));
  }
  if (!unique) errors.push(invalid('spec.versions', versions, 'must contain unique version names'));
  const storage = versions.filter((version) => version.storage).length;
  if (storage !== 1) {
    errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  return [...errors, ...validateNames(names), ...validateConversion(spec.conversion)];
}

function validateConversion(conversion: CustomResourceDefinition['spec']['conversion']): FieldError[] {
  const path = 'spec.conversion';
  const { strategy = '', webhook } = conversion ?? {};
  if (!strategy) return [required(`${path}.strategy`)];
  if (strategy !== 'None' && strategy !== 'Webhook') {
    return [notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])];
  }
  if (strategy === 'Webhook') {
    const why = 'conversion webhooks are not supported by this server yet; the only strategy is None';
    return [forbiddenField(`${path}.strategy`, why)];
  }
  return webhook ? [forbiddenField(`${path}.webhook`, 'should not be set when strategy is not set to Webhook')] : [];
}

function validateNames(names: CustomResourceDefinitionNames): FieldError[] {
  const path = 'spec.names';
  const errors: FieldError[] = [];
  const label = (value: string | undefined, at: string): void => {
    if (value) errors.push(...validateWith(isDNS1035Label, value, at));
  };
  const mixed = (value: string | undefined, at: string): void => {
    const problems = value ? isDNS1035Label(value.toLowerCase()) : [];
    if (problems.length > 0) {
      errors.push(invalid(at, value, `may have mixed case, but should otherwise match: ${problems.join(',')}`));
    }
  };
  if (!names.plural) errors.push(required(`${path}.plural`));
  label(names.plural, `${path}.plural`);
  if (!names.singular) errors.push(required(`${path}.singular`));
  label(names.singular, `${path}.singular`);
  if (!names.kind) errors.push(required(`${path}.kind`));
  mixed(names.kind, `${path}.kind`);
  if (!names.listKind) errors.push(required(`${path}.listKind`));
  mixed(names.listKind, `${path}.listKind`);
  for (const [index, name] of (names.shortNames ?? []).entries()) label(name, `${path}.shortNames[${index}]`);
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same'));
  }
  for (const [index, name] of (names.categories ?? []).entries()) label(name, `${path}.categories[${index}]`);
  return errors;
}

function validateVersion(version: CustomResourceDefinitionVersion, path: string): FieldError[] {
  const { name, deprecated, deprecationWarning, subresources, selectableFields = [] } = version;
  const errors = name ? validateWith(isDNS1035Label, name, `${path}.name`) : [required(`${path}.name`)];
  if (deprecationWarning !== undefined) errors.push(...validateDeprecation(deprecationWarning, deprecated, path));
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
  if (!schema) errors.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
  else {
    const found = validateSchema(schema, `${path}.schema.openAPIV3Schema`);
    errors.push(...found);
    if (found.length === 0)
      errors.push(...validateSelectableFields(selectableFields, schema, `${path}.selectableFields`));
  }
  const columns = version.additionalPrinterColumns ?? [];
  for (const [index, each] of columns.entries()) {
    errors.push(...validateColumn(each, `${path}.additionalPrinterColumns[${index}]`));
  }
  if (subresources?.scale) errors.push(...validateScale(subresources.scale, `${path}.subresources.scale`));
  if (selectableFields.length > 8) errors.push(tooMany(`${path}.selectableFields`, selectableFields.length, 8));
  return errors;
}

function validateDeprecation(text: string, deprecated: boolean | undefined, path: string): FieldError[] {
  const at = `${path}.deprecationWarning`;
  if (!deprecated) return [invalid(at, text, 'can only be set for deprecated versions')];
  if (text.length > 256) return [invalid(at, text, 'must be <= 256 characters long')];
  if (text === '') return [invalid(at, text, 'must not be empty')];
  return /[\p{Cc}]/u.test(text) ? [invalid(at, text, 'must only contain printable UTF-8 characters')] : [];
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function validateColumn(column: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!column.name) errors.push(required(`${path}.name`));
  if (!column.type) errors.push(required(`${path}.type`, `must be one of ${columnTypes.join(',')}`));
  else if (!columnTypes.includes(column.type)) {
    errors.push(invalid(`${path}.type`, column.type, `must be one of ${columnTypes.join(',')}`));
  }
  if (column.format && !columnFormats.includes(column.format)) {
    errors.push(invalid(`${path}.format`, column.format, `must be one of ${columnFormats.join(',')}`));
  }
  if (!column.jsonPath) return [...errors, required(`${path}.jsonPath`)];
  try {
    parseJsonPath(column.jsonPath);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    errors.push(invalid(`${path}.jsonPath`, column.jsonPath, error.message));
  }
  return errors;
}

const simplePath = /^(?:\.[A-Za-z_][\w-]*(?:\['[^']+'\])?)+$/;

type Scale = NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>;

function validateScale(scale: Scale, path: string): FieldError[] {
  const below = (value: string, at: string, roots: readonly string[]): FieldError[] => {
    if (!simplePath.test(value)) return [invalid(at, value, 'is an invalid jsonpath: only dotted fields are allowed')];
    if (roots.some((root) => value.startsWith(`${root}.`))) return [];
    return [invalid(at, value, `should be a json path under ${roots.join(' or ')}`)];
  };
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...(specReplicasPath
      ? below(specReplicasPath, `${path}.specReplicasPath`, ['.spec'])
      : [required(`${path}.specReplicasPath`)]),
    ...(statusReplicasPath
      ? below(statusReplicasPath, `${path}.statusReplicasPath`, ['.status'])
      : [required(`${path}.statusReplicasPath`)]),
    ...(labelSelectorPath ? below(labelSelectorPath, `${path}.labelSelectorPath`, ['.spec', '.status']) : []),
  ];
}

/** Groups of the Kubernetes community are for those with a reviewed API. */
function validateApproval(definition: CustomResourceDefinition): FieldError[] {
  if (!isProtectedGroup(definition.spec.group)) return [];
  const path = `metadata.annotations[${approvalAnnotation}]`;
  const value = definition.metadata.annotations?.[approvalAnnotation] ?? '';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === '') {
    return [required(path, `protected groups must have approval annotation "${approvalAnnotation}", ${see}`)];
  }
  if (value.startsWith('unapproved') || /^https?:\/\/\S+/.test(value)) return [];
  const why = `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${see}`;
  return [invalid(path, value, why)];
}
