/** apps/v1 ControllerRevision. */
import { type FieldError, required } from '@kubelab/apimachinery/field-error';
import { controllerOf, parseApiVersion } from '@kubelab/apimachinery/meta';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { appsV1 } from '../group-versions.js';
import type { ControllerRevision } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

/** `statefulset.apps/web`. */
function controllerText(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return '<none>';
  const { group } = parseApiVersion(owner.apiVersion);
  const kind = group === '' ? owner.kind : `${owner.kind}.${group}`;
  return `${kind.toLowerCase()}/${owner.name}`;
}

function validate(revision: ControllerRevision): FieldError[] {
  return [
    ...validateObjectMeta(revision.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...(revision.data === undefined ? [required('data', 'data is mandatory')] : []),
    ...validateNonNegative(revision.revision, 'revision'),
  ];
}

export const controllerRevision = defineKind<ControllerRevision>({
  in: appsV1,
  kind: 'ControllerRevision',
  storagePath: 'controllerrevisions',
  columns: [
    nameColumn<ControllerRevision>(),
    column<ControllerRevision>('Controller', 'Controller of the object', controllerText),
    column<ControllerRevision>(
      'Revision',
      'io.k8s.api.apps.v1.ControllerRevision#revision',
      (object) => object.revision,
    ),
    ageColumn<ControllerRevision>(),
  ],
  hooks: {
    default(revision) {
      revision.revision ??= 0;
    },
    validate,
    validateUpdate: (revision, old) => [
      ...validateObjectMetaUpdate(revision, old),
      ...validate(revision),
      ...validateImmutable(revision.data, old.data, 'data'),
    ],
  },
});
