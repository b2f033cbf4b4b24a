/** authorization.k8s.io/v1 SubjectAccessReview. */
import { defineKind } from '../define-kind.js';
import { authorizationV1 } from '../group-versions.js';
import type { SubjectAccessReview } from '../types.js';
import { validateReviewAttributes, validateReviewedUser } from './review-attributes.js';

export const subjectAccessReview = defineKind<SubjectAccessReview>({
  in: authorizationV1,
  kind: 'SubjectAccessReview',
  clusterScoped: true,
  hooks: {
    default(review) {
      review.spec ??= {};
    },
    validate: ({ spec }) => [...validateReviewAttributes(spec), ...validateReviewedUser(spec)],
  },
});
