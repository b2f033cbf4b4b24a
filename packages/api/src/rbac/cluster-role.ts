/** rbac.authorization.k8s.io/v1 ClusterRole. */
import { type FieldError, required } from '@kubelab/apimachinery/field-error';
import { defineKind } from '../define-kind.js';
import { rbacV1 } from '../group-versions.js';
import type { ClusterRole } from '../types.js';
import { validateEach } from '../validation/fields.js';
import { validateLabelSelector } from '../validation/labels.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateRules } from './rules.js';

const selectors = 'aggregationRule.clusterRoleSelectors';

function validate(object: ClusterRole): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: pathSegmentName });
  errors.push(...validateRules(object.rules, { namespaced: false }));
  if (object.aggregationRule) {
    if (!object.aggregationRule.clusterRoleSelectors?.length) {
      errors.push(required(selectors, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
    }
    errors.push(...validateEach(object.aggregationRule.clusterRoleSelectors, selectors, validateLabelSelector));
  }
  return errors;
}

export const clusterRole = defineKind<ClusterRole>({
  in: rbacV1,
  kind: 'ClusterRole',
  clusterScoped: true,
  storagePath: 'clusterroles',
  hooks: {
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
