/** rbac.authorization.k8s.io/v1 Role. */
import type { FieldError } from '@kubelab/apimachinery/field-error';
import { defineKind } from '../define-kind.js';
import { rbacV1 } from '../group-versions.js';
import type { Role } from '../types.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateRules } from './rules.js';

const validate = (object: Role): FieldError[] => [
  ...validateObjectMeta(object.metadata, { namespaced: true, name: pathSegmentName }),
  ...validateRules(object.rules, { namespaced: true }),
];

export const role = defineKind<Role>({
  in: rbacV1,
  kind: 'Role',
  storagePath: 'roles',
  hooks: {
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
