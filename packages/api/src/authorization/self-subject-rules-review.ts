/** authorization.k8s.io/v1 SelfSubjectRulesReview. */
import { required } from '@kubelab/apimachinery/field-error';
import { defineKind } from '../define-kind.js';
import { authorizationV1 } from '../group-versions.js';
import type { SelfSubjectRulesReview } from '../types.js';

export const selfSubjectRulesReview = defineKind<SelfSubjectRulesReview>({
  in: authorizationV1,
  kind: 'SelfSubjectRulesReview',
  clusterScoped: true,
  hooks: {
    default(review) {
      review.spec ??= {};
    },
    validate: ({ spec }) => (spec.namespace ? [] : [required('spec.namespace', 'no namespace on request')]),
  },
});
