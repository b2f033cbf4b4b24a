/** Label selectors: the objects in specs and the text of ?labelSelector=. */

import { type FieldError, formatFieldError, invalid, notSupported } from './field-error.js';
import { isQualifiedName, isValidLabelValue } from './names.js';
import { badRequest } from './status-error.js';

export interface LabelSelectorRequirement {
  key: string;
  /** In, NotIn, Exists or DoesNotExist; a plain string because objects come from clients. */
  operator: string;
  values?: string[];
}

/** meta/v1 LabelSelector. Absent selects nothing, empty selects everything. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** Without duplicates. */
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  matches(labels: Labels | undefined): boolean;
  /** Selects everything. {@link nothing} is not empty. */
  readonly empty: boolean;
  /** Sorted by key; {@link parseSelector} reads it back. */
  toString(): string;
  readonly requirements: readonly Requirement[];
}

const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const allOperators = [...binaryOperators, 'exists', '!'];
const integer = /^[+-]?[0-9]+$/;
const int64Max = 2n ** 63n - 1n;

/** A key such as `__proto__` or `constructor` must not be answered by the prototype. */
function ownValue(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function parseInt64(text: string): bigint | undefined {
  if (!integer.test(text)) return undefined;
  const number = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return number > int64Max || number < -int64Max - 1n ? undefined : number;
}

function comparesAs(requirement: Requirement, value: string): boolean {
  const left = parseInt64(value);
  const right = parseInt64(requirement.values[0] ?? '');
  if (left === undefined || right === undefined) return false;
  return requirement.operator === 'gt' ? left > right : left < right;
}

export function matchesRequirement(requirement: Requirement, labels: Labels | undefined): boolean {
  const value = ownValue(labels, requirement.key);
  switch (requirement.operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && comparesAs(requirement, value);
  }
}

export function formatRequirement({ key, operator, values }: Requirement): string {
  const list = values.length === 1 ? (values[0] ?? '') : [...values].sort().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

class RequirementSelector implements Selector {
  readonly requirements: readonly Requirement[];

  constructor(requirements: readonly Requirement[]) {
    this.requirements = requirements;
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    for (const requirement of this.requirements) {
      if (!matchesRequirement(requirement, labels)) return false;
    }
    return true;
  }

  toString(): string {
    return this.requirements.map(formatRequirement).join(',');
  }
}

/** Selects every object. */
export const everything: Selector = new RequirementSelector([]);

/** Selects no object: what an absent selector in a spec means. */
export const nothing: Selector = { matches: () => false, empty: false, toString: () => '', requirements: [] };

/** A selector of all of `requirements`. They are not validated again. */
export function selectorOf(requirements: readonly Requirement[]): Selector {
  if (requirements.length === 0) return everything;
  return new RequirementSelector([...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
}

function checkValueCount(operator: SelectorOperator, values: readonly string[]): FieldError[] {
  const fail = (why: string): FieldError[] => [invalid('values', values, why)];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? fail("for 'in', 'notin' operators, values set can't be empty") : [];
    case '=':
    case '==':
    case '!=':
      return values.length !== 1 ? fail('exact-match compatibility requires one single value') : [];
    case 'exists':
    case '!':
      return values.length !== 0 ? fail('values set must be empty for exists and does not exist') : [];
    case 'gt':
    case 'lt':
      return [
        ...(values.length !== 1 ? fail("for 'Gt', 'Lt' operators, exactly one value is required") : []),
        ...values.flatMap((value, index) =>
          parseInt64(value) === undefined
            ? [invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")]
            : [],
        ),
      ];
    default:
      return [notSupported('operator', operator, allOperators)];
  }
}

/** Upstream's aggregate: the one text, or all distinct ones in brackets. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(formatFieldError))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Throws StatusError 400 that lists everything wrong with the requirement, worded as upstream's NewRequirement. */
export function newRequirement(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const errors: FieldError[] = [];
  const keyErrors = isQualifiedName(key);
  if (keyErrors.length > 0) errors.push(invalid('key', key, keyErrors.join('; ')));
  errors.push(...checkValueCount(operator, values));
  values.forEach((value, index) => {
    const valueErrors = isValidLabelValue(value);
    if (valueErrors.length > 0) errors.push(invalid(`values[${index}][${key}]`, value, valueErrors.join('; ')));
  });
  if (errors.length > 0) throw badRequest(aggregate(errors));
  return { key, operator, values: [...new Set(values)] };
}

const operatorOf: ReadonlyMap<string, SelectorOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

function requirementOf(expression: LabelSelectorRequirement): Requirement {
  const operator = operatorOf.get(expression.operator);
  if (!operator) throw badRequest(`${JSON.stringify(expression.operator)} is not a valid label selector operator`);
  return newRequirement(expression.key, operator, expression.values ?? []);
}

/** Throws StatusError 400 for what validation would have refused. */
export function selectorFromLabelSelector(selector: LabelSelector | null | undefined): Selector {
  if (!selector) return nothing;
  const fromLabels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    newRequirement(key, '=', [value]),
  );
  return selectorOf([...fromLabels, ...(selector.matchExpressions ?? []).map(requirementOf)]);
}

/** Every label of `set`, unchecked, as in the selector of a Service. An empty or absent set selects everything. */
export function selectorFromSet(set: Labels | null | undefined): Selector {
  return selectorOf(Object.entries(set ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

/** The value that the selector demands of `key`, if it demands exactly one: for index look-ups. */
export function requiredValue(selector: Selector, key: string): string | undefined {
  const found = selector.requirements.find((requirement) => requirement.key === key);
  if (!found || !['=', '==', 'in'].includes(found.operator) || found.values.length !== 1) return undefined;
  return found.values[0];
}

export { parseSelector } from './label-selector-parser.js';
