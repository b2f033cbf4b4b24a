/** Checks of the counts in a workload's status. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { validateNonNegative } from './fields.js';

export interface StatusCounts {
  /** What is counted; absent ones are zero. */
  readonly counts: readonly string[];
  /** Those of them that cannot be more than `replicas`. */
  readonly atMostReplicas?: readonly string[];
  /** Whether there cannot be more available pods than ready ones, with upstream's name of these in the message. */
  readonly availableBound?: 'readyReplicas' | 'status.readyReplicas';
}

type Status = Readonly<Record<string, unknown>>;

const countOf = (status: Status, field: string): number => (typeof status[field] === 'number' ? status[field] : 0);

export function validateCounts(given: object | undefined, rules: StatusCounts): FieldError[] {
  const status: Status = { ...given };
  const { counts, atMostReplicas = [], availableBound } = rules;
  const replicas = countOf(status, 'replicas');
  const available = countOf(status, 'availableReplicas');
  return [
    ...counts.flatMap((field) => validateNonNegative(countOf(status, field), `status.${field}`)),
    ...atMostReplicas.flatMap((field) =>
      countOf(status, field) > replicas
        ? [invalid(`status.${field}`, countOf(status, field), 'cannot be greater than status.replicas')]
        : [],
    ),
    ...(availableBound && available > countOf(status, 'readyReplicas')
      ? [invalid('status.availableReplicas', available, `cannot be greater than ${availableBound}`)]
      : []),
  ];
}

/** Collisions are counted up only: the names that they led to are in use. */
export function validateCollisionCount(
  now: { collisionCount?: number } | undefined,
  old: { collisionCount?: number } | undefined,
): FieldError[] {
  const [count, before] = [now?.collisionCount ?? 0, old?.collisionCount ?? 0];
  return count < before ? [invalid('status.collisionCount', count, 'cannot be decremented')] : [];
}
