/** authentication.k8s.io/v1 TokenReview. */
import { required } from '@kubelab/apimachinery/field-error';
import { defineKind } from '../define-kind.js';
import { authenticationV1 } from '../group-versions.js';
import type { TokenReview } from '../types.js';

export const tokenReview = defineKind<TokenReview>({
  in: authenticationV1,
  kind: 'TokenReview',
  clusterScoped: true,
  hooks: {
    default(review) {
      review.spec ??= {};
    },
    validate: ({ spec }) =>
      spec.token ? [] : [required('spec.token', 'token is required for TokenReview in authentication')],
  },
});
