/** One served version of a CustomResourceDefinition as a ResourceDefinition of the engine. */
import type { FieldError } from '@kubelab/apimachinery/field-error';
import { deepClone, deepEqual, isObject } from '@kubelab/apimachinery/json';
import { toApiVersion, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isConditionTrue } from '../apiextensions/conditions.js';
import { editSubresource, scaleSubresource } from '../define-kind.js';
import type { ResourceDefinition, ResourceHooks, StoredForm, SubresourceDefinition, Verb } from '../resource.js';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../types.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { customColumns } from './columns.js';
import { conformObject } from './conform.js';
import { applyDefaults } from './default.js';
import { embeddedErrors } from './embedded.js';
import type { JsonSchema } from './json-schema.js';
import { customDefinitions, definitionName } from './openapi.js';
import { pruneObject } from './prune.js';
import { selectableFieldName } from './selectable-fields.js';
import { validateLists } from './validate-lists.js';
import { validateObjectValue } from './validate-value.js';

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const lastVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];

const schemaOf = (version: CustomResourceDefinitionVersion | undefined): JsonSchema =>
  (version?.schema?.openAPIV3Schema as JsonSchema | undefined) ?? { type: 'object' };

/** Where the objects of a definition lie below `/registry/`. */
export function customStoragePath({ spec }: CustomResourceDefinition): string {
  return `${spec.group}/${spec.names.plural}`;
}

/** The kinds that a definition gives, the version that objects are kept in first. */
export function customResources(definition: CustomResourceDefinition): ResourceDefinition[] {
  return definition.spec.versions
    .filter(({ served }) => served)
    .sort((a, b) => Number(b.storage) - Number(a.storage))
    .map((version) => customResource(definition, version));
}

function customResource(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): ResourceDefinition {
  const { group, scope } = definition.spec;
  const accepted = definition.status?.acceptedNames ?? definition.spec.names;
  const { kind, plural, singular = kind.toLowerCase(), listKind = `${kind}List` } = accepted;
  const schema = schemaOf(version);
  const names = { group, version: version.name, kind, listKind };
  const scale = version.subresources?.scale;
  const terminating = isConditionTrue(definition, 'Terminating');
  const path = selectableFieldName;
  return {
    group,
    version: version.name,
    kind,
    listKind,
    plural,
    singular,
    shortNames: accepted.shortNames ?? [],
    categories: accepted.categories ?? [],
    namespaced: scope === 'Namespaced',
    schema: definitionName(names, kind),
    storagePath: customStoragePath(definition),
    verbs: terminating ? lastVerbs : allVerbs,
    subresources: subresourcesOf(version),
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => path(jsonPath)),
    generation: true,
    hooks: hooksOf(schema, scope === 'Namespaced'),
    stored: storedForm(definition, version),
    ...(version.deprecated ? { deprecation: deprecationOf(definition, version) } : {}),
    custom: {
      definitions: customDefinitions(names, schema),
      terminating,
      conform: (object) => conformObject(object, schema),
      ...(scale
        ? {
            scale: {
              specReplicas: path(scale.specReplicasPath),
              statusReplicas: path(scale.statusReplicasPath),
              ...(scale.labelSelectorPath ? { labelSelector: path(scale.labelSelectorPath) } : {}),
            },
          }
        : {}),
    },
  };
}

function subresourcesOf(version: CustomResourceDefinitionVersion): Record<string, SubresourceDefinition> {
  return {
    ...(version.subresources?.status ? { status: editSubresource } : {}),
    ...(version.subresources?.scale ? { scale: scaleSubresource } : {}),
  };
}

function deprecationOf({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  return version.deprecationWarning ?? `${spec.group}/${version.name} ${spec.names.kind} is deprecated`;
}

function hooksOf(schema: JsonSchema, namespaced: boolean): ResourceHooks {
  const rules = { namespaced, name: pathSegmentName };
  const contentErrors = (object: UnstructuredObject, old?: UnstructuredObject): FieldError[] => {
    const errors = validateObjectValue(object, schema, old);
    return [...errors, ...embeddedErrors(object, schema), ...validateLists(object, schema)];
  };
  return {
    default: (object) => void applyDefaults(object, schema),
    validate: (object) => [...validateObjectMeta(object.metadata, rules), ...contentErrors(object)],
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validateObjectMeta(object.metadata, rules),
      ...contentErrors(object, old),
    ],
    validateStatusUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validateObjectMeta(object.metadata, rules),
      ...contentErrors(object, old),
    ],
  };
}

/** With the strategy None a version is another name on the same object; fields that one of both does not declare are lost on the way. */
function storedForm(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): StoredForm {
  const { group, names, versions } = definition.spec;
  const storage = versions.find((each) => each.storage) ?? version;
  const ofVersion = (name: string): JsonSchema | undefined => {
    const found = versions.find((each) => each.name === name);
    return found && schemaOf(found);
  };
  const own = schemaOf(version);
  const convert = (object: UnstructuredObject, to: CustomResourceDefinitionVersion): UnstructuredObject => {
    const copy = deepClone(object);
    copy.apiVersion = toApiVersion(group, to.name);
    pruneObject(copy, schemaOf(to));
    return copy;
  };
  return {
    group,
    version: storage.name,
    kind: names.kind,
    toStored: (object) => (storage === version ? object : convert(object, storage)),
    fromStored(stored) {
      const copy = deepClone(stored);
      applyDefaults(copy, ofVersion(versionOf(stored)) ?? own);
      const converted = convert(copy, version);
      return deepEqual(converted, stored) ? stored : converted;
    },
  };
}

const versionOf = (object: UnstructuredObject): string => object.apiVersion.slice(object.apiVersion.indexOf('/') + 1);

/** Whether a value is a definition that kinds can be made from: what a foreign writer left in etcd may be anything. */
export function isUsable(definition: CustomResourceDefinition): boolean {
  return isObject(definition.spec) && Array.isArray(definition.spec.versions) && isObject(definition.spec.names);
}
