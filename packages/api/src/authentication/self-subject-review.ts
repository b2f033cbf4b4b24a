/** authentication.k8s.io/v1 SelfSubjectReview. */
import { defineKind } from '../define-kind.js';
import { authenticationV1 } from '../group-versions.js';
import type { SelfSubjectReview } from '../types.js';

export const selfSubjectReview = defineKind<SelfSubjectReview>({
  in: authenticationV1,
  kind: 'SelfSubjectReview',
  clusterScoped: true,
});
