/** rbac.authorization.k8s.io/v1 ClusterRoleBinding. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { ageColumn, column, nameColumn, wide } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { rbacV1 } from '../group-versions.js';
import type { ClusterRoleBinding } from '../types.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { defaultBinding, subjectNames, validateRoleRef, validateSubjects } from './rules.js';

const validate = (object: ClusterRoleBinding): FieldError[] => [
  ...validateObjectMeta(object.metadata, { namespaced: false, name: pathSegmentName }),
  ...validateRoleRef(object.roleRef, ['ClusterRole']),
  ...validateSubjects(object.subjects, { namespaced: false }),
];

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  in: rbacV1,
  kind: 'ClusterRoleBinding',
  clusterScoped: true,
  storagePath: 'clusterrolebindings',
  columns: [
    nameColumn<ClusterRoleBinding>(),
    column<ClusterRoleBinding>(
      'Role',
      'io.k8s.api.rbac.v1.ClusterRoleBinding#roleRef',
      ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`,
    ),
    ageColumn<ClusterRoleBinding>(),
    column<ClusterRoleBinding>(
      'Users',
      'Users in the clusterRoleBinding',
      ({ subjects }) => subjectNames(subjects, 'User'),
      wide,
    ),
    column<ClusterRoleBinding>(
      'Groups',
      'Groups in the clusterRoleBinding',
      ({ subjects }) => subjectNames(subjects, 'Group'),
      wide,
    ),
    column<ClusterRoleBinding>(
      'ServiceAccounts',
      'ServiceAccounts in the clusterRoleBinding',
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
