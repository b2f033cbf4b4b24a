/** core/v1 Namespace. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { Namespace } from '../types.js';
import { dnsLabelName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

/** Label that every namespace has, with its name. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

function validateNamespace(namespace: Namespace): FieldError[] {
  return validateObjectMeta(namespace.metadata, { namespaced: false, name: dnsLabelName });
}

function validateNamespaceStatus(namespace: Namespace, old: Namespace): FieldError[] {
  const errors = validateObjectMetaUpdate(namespace, old);
  const phase = namespace.status?.phase ?? '';
  const deleted = namespace.metadata.deletionTimestamp !== undefined;
  if (!deleted && phase !== 'Active') {
    errors.push(invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty"));
  }
  if (deleted && phase !== 'Terminating') {
    errors.push(invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"));
  }
  return errors;
}

const hooks: KindHooks<Namespace> = {
  default(namespace) {
    namespace.spec ??= {};
    namespace.status ??= {};
    namespace.status.phase ||= 'Active';
    const { metadata } = namespace;
    // A name that is still to be generated gets its label once it is there.
    if (metadata.name) metadata.labels = { ...metadata.labels, [namespaceNameLabel]: metadata.name };
  },
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = { finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
  },
  prepareForUpdate(namespace, old) {
    // Finalizers of the spec change only through the finalize subresource.
    if (old.spec) namespace.spec = old.spec;
    keepStatus(namespace, old);
  },
  prepareForStatusUpdate(namespace, old) {
    if (old.spec) namespace.spec = old.spec;
  },
  validate: validateNamespace,
  validateUpdate: (namespace, old) => [...validateObjectMetaUpdate(namespace, old), ...validateNamespace(namespace)],
  validateStatusUpdate: validateNamespaceStatus,
};

export const namespace = defineKind<Namespace>({
  in: coreV1,
  kind: 'Namespace',
  shortNames: ['ns'],
  clusterScoped: true,
  storagePath: 'namespaces',
  // Upstream has no deletecollection for namespaces.
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: { finalize: { verbs: ['update'] }, status: editSubresource },
  columns: [
    nameColumn<Namespace>(),
    column<Namespace>('Status', 'The status of the namespace', (object) => object.status?.phase ?? ''),
    ageColumn<Namespace>(),
  ],
  selectableFields: ['status.phase'],
  hooks,
});
