/** Small checks that many kinds share. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain, isHTTPPath } from '@kubelab/apimachinery/names';

/** Numbers that are absent are fine. */
export function validateNonNegative(value: number | undefined, path: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
}

/** Required, and one of `supported`. */
export function validateEnum(value: string | undefined, supported: readonly string[], path: string): FieldError[] {
  if (!value) return [required(path)];
  return supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

/** One of `supported`, if present. */
export function validateOptionalEnum(
  value: string | undefined,
  supported: readonly string[],
  path: string,
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

export function validateRequired(value: string | undefined, path: string, detail = ''): FieldError[] {
  return value ? [] : [required(path, detail)];
}

/** One error per problem that `rule` finds. */
export function validateWith(rule: (value: string) => string[], value: string, path: string): FieldError[] {
  return rule(value).map((problem) => invalid(path, value, problem));
}

/** Calls `check` with each item and its path. */
export function validateEach<T>(
  items: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string, index: number) => FieldError[],
): FieldError[] {
  return (items ?? []).flatMap((item, index) => check(item, `${path}[${index}]`, index));
}

/** `acme.io/foo`: a DNS subdomain, a slash, an HTTP path. */
export function validateDomainPrefixedPath(value: string, path: string): FieldError[] {
  if (value === '') return [required(path)];
  const { domain, rest } = splitDomainPrefixedPath(value);
  if (!domain || !rest) return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return [...validateWith(isDNS1123Subdomain, domain, path), ...validateWith(isHTTPPath, rest, path)];
}

function splitDomainPrefixedPath(value: string): { domain: string; rest: string } {
  const slash = value.indexOf('/');
  return slash < 0 ? { domain: '', rest: '' } : { domain: value.slice(0, slash), rest: value.slice(slash + 1) };
}
