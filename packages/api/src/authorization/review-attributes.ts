/** What all access reviews must say: a resource or a path, not both. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import type { NonResourceAttributes, ResourceAttributes } from '../types.js';

interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

export function validateReviewAttributes(spec: ReviewSpec): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes';
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, why)];
  }
  if (resourceAttributes || nonResourceAttributes) return [];
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid('spec.resourceAttributes', null, why)];
}

export function validateReviewedUser(spec: { user?: string; groups?: readonly string[] }): FieldError[] {
  if (spec.user || spec.groups?.length) return [];
  return [invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified')];
}
