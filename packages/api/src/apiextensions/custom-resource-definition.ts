/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
import { formatTime } from '@kubelab/apimachinery/time';
import { column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { apiExtensionsV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { CustomResourceDefinition } from '../types.js';
import { validateObjectMetaUpdate } from '../validation/object-meta.js';
import { cleanupFinalizer, setCondition } from './conditions.js';
import { validateDefinition, validateDefinitionUpdate, validateStoredVersions } from './validation.js';

function defaultDefinition(definition: CustomResourceDefinition): void {
  definition.spec ??= { group: '', names: { kind: '', plural: '' }, scope: '', versions: [] };
  const { spec } = definition;
  spec.names ??= { kind: '', plural: '' };
  const { names } = spec;
  if (!names.singular) names.singular = (names.kind ?? '').toLowerCase();
  if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  if (spec.preserveUnknownFields === false) delete spec.preserveUnknownFields;
}

/** The version that objects are kept in is noted, so that nobody drops it while some may still be. */
function noteStoredVersion(definition: CustomResourceDefinition): void {
  const storage = definition.spec.versions.find((version) => version.storage)?.name;
  if (storage === undefined) return;
  definition.status ??= {};
  const storedVersions = definition.status.storedVersions ?? [];
  if (!storedVersions.includes(storage)) definition.status.storedVersions = [...storedVersions, storage];
}

const hooks: KindHooks<CustomResourceDefinition> = {
  default: defaultDefinition,
  prepareForCreate(definition) {
    definition.status = {};
    noteStoredVersion(definition);
  },
  prepareForUpdate(definition, old) {
    keepStatus(definition, old);
    noteStoredVersion(definition);
  },
  prepareForStatusUpdate(definition, old) {
    definition.spec = old.spec;
  },
  prepareForDelete(definition, now) {
    if (definition.metadata.deletionTimestamp !== undefined) return;
    const { finalizers = [] } = definition.metadata;
    if (!finalizers.includes(cleanupFinalizer)) definition.metadata.finalizers = [...finalizers, cleanupFinalizer];
    const condition = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    } as const;
    setCondition(definition, condition, formatTime(now));
  },
  validate: (definition) => validateDefinition(definition),
  validateUpdate: validateDefinitionUpdate,
  validateStatusUpdate: (definition, old) => [
    ...validateObjectMetaUpdate(definition, old),
    ...validateStoredVersions(definition),
  ],
};

export const customResourceDefinition = defineKind<CustomResourceDefinition>({
  in: apiExtensionsV1,
  kind: 'CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<CustomResourceDefinition>(),
    column<CustomResourceDefinition>(
      'Created At',
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta#creationTimestamp',
      (object) => object.metadata.creationTimestamp,
      { type: 'date' },
    ),
  ],
  generation: true,
  hooks,
});
