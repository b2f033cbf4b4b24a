/** authorization.k8s.io/v1 SelfSubjectAccessReview. */
import { defineKind } from '../define-kind.js';
import { authorizationV1 } from '../group-versions.js';
import type { SelfSubjectAccessReview } from '../types.js';
import { validateReviewAttributes } from './review-attributes.js';

export const selfSubjectAccessReview = defineKind<SelfSubjectAccessReview>({
  in: authorizationV1,
  kind: 'SelfSubjectAccessReview',
  clusterScoped: true,
  hooks: {
    default(review) {
      review.spec ??= {};
    },
    validate: ({ spec }) => validateReviewAttributes(spec),
  },
});
