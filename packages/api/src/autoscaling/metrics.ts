/** Metrics of horizontal pod autoscalers: their validation and how kubectl shows them. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../types.js';
import { validateEnum } from '../validation/fields.js';

type SourceField = 'containerResource' | 'external' | 'object' | 'pods' | 'resource';

const sourceFields: Readonly<Record<string, SourceField>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};
const shown = 2;
const unknown = '<unknown>';

export function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const errors = validateEnum(metric.type, Object.keys(sourceFields), `${path}.type`);
  if (errors.length > 0) return errors;
  const wanted = sourceFields[metric.type]!;
  for (const field of Object.values(sourceFields)) {
    if (field !== wanted && metric[field]) {
      errors.push(forbiddenField(`${path}.${field}`, 'must populate the given metric source only'));
    }
  }
  const source = metric[wanted];
  if (!source)
    return [...errors, required(`${path}.${wanted}`, 'must populate information for the given metric source')];
  if ('name' in source && !source.name) errors.push(required(`${path}.${wanted}.name`, 'must specify a resource name'));
  return [...errors, ...validateTarget(source.target ?? { type: '' }, `${path}.${wanted}.target`)];
}

function validateTarget(target: MetricTarget, path: string): FieldError[] {
  const errors = validateEnum(target.type, ['AverageValue', 'Utilization', 'Value'], `${path}.type`);
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) {
    errors.push(invalid(`${path}.averageUtilization`, target.averageUtilization, 'must be greater than 0'));
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount !== undefined && parseQuantity(amount).sign() !== 1) {
      errors.push(invalid(`${path}.${field}`, amount, 'must be positive'));
    }
  }
  return errors;
}

/** `cpu: 12%/80%, memory: 10Mi/1Gi + 1 more...`. */
export function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const list = specs.map((spec, index) => metricText(spec, statuses[index]));
  const text = list.slice(0, shown).join(', ');
  return list.length > shown ? `${text} + ${list.length - shown} more...` : text;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const field = sourceFields[spec.type];
  const source = field && spec[field];
  if (!field || !source) return '<unknown type>';
  const current = status?.[field]?.current;
  switch (field) {
    case 'pods':
      return `${current?.averageValue ?? unknown}/${source.target.averageValue ?? ''}`;
    case 'external':
    case 'object':
      return valueText(source.target, current);
    default:
      return `${'name' in source ? source.name : ''}: ${resourceText(source.target, current)}`;
  }
}

function valueText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target.value ?? ''}`;
}

function resourceText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}`;
  const percent = (value: number | undefined, missing: string): string => (value === undefined ? missing : `${value}%`);
  return `${percent(current?.averageUtilization, unknown)}/${percent(target.averageUtilization, '<auto>')}`;
}
