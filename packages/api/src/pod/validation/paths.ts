/** Paths inside volumes. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';

/** No element of the path may lead upwards. */
export function validateNoBacksteps(path: string, field: string): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : [];
}

/** Relative, and never upwards. */
export function validateDescendingPath(path: string, field: string): FieldError[] {
  const errors = path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : [];
  return [...errors, ...validateNoBacksteps(path, field)];
}

/** As {@link validateDescendingPath}, and not one of the names that the kubelet keeps for itself (`..data`). */
export function validateNonReservedPath(path: string, field: string): FieldError[] {
  const errors = validateDescendingPath(path, field);
  if (path.startsWith('..') && !path.startsWith('../')) errors.push(invalid(field, path, "must not start with '..'"));
  return errors;
}
