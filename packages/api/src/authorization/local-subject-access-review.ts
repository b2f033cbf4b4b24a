/** authorization.k8s.io/v1 LocalSubjectAccessReview. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { defineKind } from '../define-kind.js';
import { authorizationV1 } from '../group-versions.js';
import type { LocalSubjectAccessReview } from '../types.js';
import { validateReviewAttributes, validateReviewedUser } from './review-attributes.js';

function validate(review: LocalSubjectAccessReview): FieldError[] {
  const { spec, metadata } = review;
  const errors = [...validateReviewAttributes(spec), ...validateReviewedUser(spec)];
  const namespace = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes && namespace !== metadata.namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes) {
    const why = 'disallowed on this kind of request';
    errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, why));
  }
  return errors;
}

export const localSubjectAccessReview = defineKind<LocalSubjectAccessReview>({
  in: authorizationV1,
  kind: 'LocalSubjectAccessReview',
  hooks: {
    default(review) {
      review.spec ??= {};
    },
    validate,
  },
});
