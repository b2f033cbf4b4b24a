/** Validation of resource names and amounts, wherever they occur. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { isQualifiedName } from '@kubelab/apimachinery/names';
import { parseQuantity, type Quantity, QuantityError } from '@kubelab/apimachinery/quantity';
import type { ResourceRequirements } from '../types.js';

const standardContainerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const integerResources = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

/** A key such as `constructor` must not be answered by the prototype. */
export function ownValue<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');

/** Names without a domain, or in kubernetes.io, belong to Kubernetes itself. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Names of device plugins and the like: they have a domain of their own and are never overcommitted. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
}

function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResource(name);
}

export function validateNonNegativeQuantity(text: string, path: string): FieldError[] {
  return parseQuantity(text).sign() < 0 ? [invalid(path, text, 'must be greater than or equal to 0')] : [];
}

export function validateResourceQuantity(name: string, text: string, path: string): FieldError[] {
  const errors = validateNonNegativeQuantity(text, path);
  if (isIntegerResource(name) && !isWhole(parseQuantity(text))) errors.push(invalid(path, text, 'must be an integer'));
  return errors;
}

function isWhole(quantity: Quantity): boolean {
  return quantity.milliValue() % 1000 === 0;
}

function validateContainerResourceName(name: string, path: string): FieldError[] {
  const problems = isQualifiedName(name);
  if (problems.length > 0) return problems.map((problem) => invalid(path, name, problem));
  if (!name.includes('/')) {
    const standard = standardContainerResources.has(name) || isHugePages(name);
    return standard ? [] : [invalid(path, name, 'must be a standard resource for containers')];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return [];
  return [invalid(path, name, "doesn't follow extended resource name standard")];
}

/** Requests and limits of a container. Names are checked in alphabetical order, so that messages are stable. */
export function validateResourceRequirements(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  const limits = resources?.limits ?? {};
  const errors = sortedEntries(limits).flatMap(([name, text]) => validateAmount(name, text, `${path}.limits[${name}]`));
  for (const [name, text] of sortedEntries(resources?.requests ?? {})) {
    errors.push(...validateAmount(name, text, `${path}.requests[${name}]`));
    errors.push(...validateRequestAgainstLimit(name, text, ownValue(limits, name), path));
  }
  const names = [...Object.keys(limits), ...Object.keys(resources?.requests ?? {})];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'));
  return errors;
}

function sortedEntries(amounts: Record<string, string>): [string, string][] {
  return Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1));
}

function validateAmount(name: string, text: string, path: string): FieldError[] {
  return [
    ...validateContainerResourceName(name, path),
    ...validateResourceQuantity(name, text, path),
    ...(isHugePages(name) ? validateHugePages(name, text, path) : []),
  ];
}

/** `hugepages-2Mi` comes in pages of 2Mi. */
function validateHugePages(name: string, text: string, path: string): FieldError[] {
  const page = pageSize(name.slice('hugepages-'.length));
  if (page > 0 && parseQuantity(text).value() % page === 0) return [];
  return [invalid(path, text, `${text} is not positive integer multiple of ${name}`)];
}

/** Bytes; 0 for a text that is no amount. */
function pageSize(text: string): number {
  try {
    return parseQuantity(text).value();
  } catch (error) {
    if (error instanceof QuantityError) return 0;
    throw error;
  }
}

function validateRequestAgainstLimit(
  name: string,
  text: string,
  limit: string | undefined,
  path: string,
): FieldError[] {
  if (limit === undefined) {
    if (isOvercommitAllowed(name)) return [];
    return [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const order = parseQuantity(text).compare(parseQuantity(limit));
  if (order !== 0 && !isOvercommitAllowed(name)) {
    return [invalid(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`)];
  }
  return order > 0
    ? [invalid(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}
