/** core/v1 LimitRange. */
import { duplicate, type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { LimitRange, LimitRangeItem } from '../types.js';
import { validateEach } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { ownValue, validateResourceQuantity } from '../validation/resource-quantities.js';

type Bound = 'min' | 'max' | 'default' | 'defaultRequest';

/** Pairs of which the first may not be greater than the second, with the words of the message. */
const orders: readonly (readonly [Bound, Bound, string])[] = [
  ['min', 'max', 'min value {a} is greater than max value {b}'],
  ['min', 'defaultRequest', 'min value {a} is greater than default request value {b}'],
  ['defaultRequest', 'max', 'default request value {a} is greater than max value {b}'],
  ['defaultRequest', 'default', 'default request value {a} is greater than default limit value {b}'],
  ['min', 'default', 'min value {a} is greater than default value {b}'],
  ['default', 'max', 'default value {a} is greater than max value {b}'],
];
/** The bound that the message is about. */
const blamed: Readonly<Record<string, Bound>> = {
  'min/max': 'min',
  'min/defaultRequest': 'defaultRequest',
  'min/default': 'default',
};

function defaultItem(item: LimitRangeItem): void {
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

function validateLimitRange(range: LimitRange): FieldError[] {
  const types = new Set<string>();
  return [
    ...validateObjectMeta(range.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateEach(range.spec.limits, 'spec.limits', (item, path) => {
      const errors: FieldError[] = item.type ? [] : [required(`${path}.type`)];
      if (types.has(item.type)) errors.push(duplicate(`${path}.type`, item.type));
      types.add(item.type);
      return [...errors, ...validateItem(item, path)];
    }),
  ];
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const bound of ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const) {
    for (const [name, amount] of Object.entries(item[bound] ?? {})) {
      errors.push(...validateResourceQuantity(name, amount, `${path}.${bound}[${name}]`));
    }
  }
  if (item.type === 'Pod') {
    for (const bound of ['default', 'defaultRequest'] as const) {
      if (item[bound]) errors.push(forbiddenField(`${path}.${bound}`, "may not be specified when `type` is 'Pod'"));
    }
  }
  for (const [low, high, words] of orders) errors.push(...validateOrder(item, low, high, words, path));
  return errors;
}

function validateOrder(item: LimitRangeItem, low: Bound, high: Bound, words: string, path: string): FieldError[] {
  return Object.entries(item[low] ?? {}).flatMap(([name, amount]) => {
    const other = ownValue(item[high], name);
    if (other === undefined || parseQuantity(amount).compare(parseQuantity(other)) <= 0) return [];
    const field = blamed[`${low}/${high}`] ?? low;
    const value = field === low ? amount : other;
    return [invalid(`${path}.${field}[${name}]`, value, words.replace('{a}', amount).replace('{b}', other))];
  });
}

export const limitRange = defineKind<LimitRange>({
  in: coreV1,
  kind: 'LimitRange',
  shortNames: ['limits'],
  storagePath: 'limitranges',
  hooks: {
    default(range) {
      range.spec ??= { limits: [] };
      for (const item of range.spec.limits ?? []) defaultItem(item);
    },
    validate: validateLimitRange,
    validateUpdate: (range, old) => [...validateObjectMetaUpdate(range, old), ...validateLimitRange(range)],
  },
});
