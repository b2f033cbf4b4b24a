/** rbac.authorization.k8s.io/v1 RoleBinding. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { ageColumn, column, nameColumn, wide } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { rbacV1 } from '../group-versions.js';
import type { RoleBinding } from '../types.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { defaultBinding, subjectNames, validateRoleRef, validateSubjects } from './rules.js';

const validate = (object: RoleBinding): FieldError[] => [
  ...validateObjectMeta(object.metadata, { namespaced: true, name: pathSegmentName }),
  ...validateRoleRef(object.roleRef, ['Role', 'ClusterRole']),
  ...validateSubjects(object.subjects, { namespaced: true }),
];

export const roleBinding = defineKind<RoleBinding>({
  in: rbacV1,
  kind: 'RoleBinding',
  storagePath: 'rolebindings',
  columns: [
    nameColumn<RoleBinding>(),
    column<RoleBinding>(
      'Role',
      'io.k8s.api.rbac.v1.RoleBinding#roleRef',
      ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
    ),
    ageColumn<RoleBinding>(),
    column<RoleBinding>('Users', 'Users in the roleBinding', ({ subjects }) => subjectNames(subjects, 'User'), wide),
    column<RoleBinding>('Groups', 'Groups in the roleBinding', ({ subjects }) => subjectNames(subjects, 'Group'), wide),
    column<RoleBinding>(
      'ServiceAccounts',
      'ServiceAccounts in the roleBinding',
      ({ subjects }) => subjectNames(subjects, 'ServiceAccount'),
      wide,
    ),
  ],
  hooks: {
    default: defaultBinding,
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      // A binding that could change its role would let its editors hand out roles that they may not bind.
      ...(deepEqual(object.roleRef, old.roleRef) ? [] : [invalid('roleRef', object.roleRef, 'cannot change roleRef')]),
    ],
  },
});
