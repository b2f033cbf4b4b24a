/** Metrics in the form that annotations of autoscaling/v1 objects have: flat targets and metric names, as before v2. */
import { isObject } from '@kubelab/apimachinery/json';
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../types.js';

type Json = Record<string, unknown>;

const defined = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const given = (value: unknown): Json => (isObject(value) ? value : {});

const flatResource = (target: MetricTarget): Json => ({
  targetAverageUtilization: target.averageUtilization,
  targetAverageValue: target.averageValue,
});

export function toOldMetric(metric: MetricSpec): Json {
  const { type, resource, containerResource, pods, object, external } = metric;
  return defined({
    type,
    resource: resource && defined({ name: resource.name, ...flatResource(resource.target) }),
    containerResource:
      containerResource &&
      defined({
        name: containerResource.name,
        container: containerResource.container,
        ...flatResource(containerResource.target),
      }),
    pods:
      pods &&
      defined({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        targetAverageValue: pods.target.averageValue,
      }),
    object:
      object &&
      defined({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        targetValue: object.target.value ?? '0',
        averageValue: object.target.averageValue,
      }),
    external:
      external &&
      defined({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

/** `Value` where one is given, else the average: what a flat target meant. */
function targetOf(value: unknown, averageValue: unknown, averageUtilization?: unknown): MetricTarget {
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value';
  return defined({
    type,
    averageUtilization,
    averageValue,
    value: type === 'Value' ? value : undefined,
  }) as unknown as MetricTarget;
}

export function fromOldMetric(old: unknown): MetricSpec {
  const { type, ...sources } = given(old);
  const metric: Json = { type: typeof type === 'string' ? type : '' };
  for (const [source, value] of Object.entries(sources)) {
    const { name, container, metricName, selector, metricSelector, target, targetValue, averageValue } = given(value);
    const { targetAverageValue, targetAverageUtilization } = given(value);
    const identifier = defined({ name: metricName, selector: selector ?? metricSelector });
    if (source === 'resource' || source === 'containerResource') {
      const wanted = targetOf(undefined, targetAverageValue, targetAverageUtilization);
      metric[source] = defined({ name, container, target: wanted });
    } else if (source === 'object') {
      metric['object'] = { describedObject: target, metric: identifier, target: targetOf(targetValue, averageValue) };
    } else if (source === 'pods' || source === 'external') {
      metric[source] = { metric: identifier, target: targetOf(targetValue, targetAverageValue) };
    }
  }
  return metric as unknown as MetricSpec;
}

const flatCurrent = (current: MetricValueStatus | undefined): Json => ({
  currentAverageUtilization: current?.averageUtilization,
  currentAverageValue: current?.averageValue ?? '0',
});

export function toOldStatus(status: MetricStatus): Json {
  const { type, resource, containerResource, pods, object, external } = status;
  return defined({
    type,
    resource: resource && defined({ name: resource.name, ...flatCurrent(resource.current) }),
    containerResource:
      containerResource &&
      defined({
        name: containerResource.name,
        container: containerResource.container,
        ...flatCurrent(containerResource.current),
      }),
    pods:
      pods &&
      defined({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        currentAverageValue: pods.current.averageValue,
      }),
    object:
      object &&
      defined({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        currentValue: object.current.value ?? '0',
        averageValue: object.current.averageValue,
      }),
    external:
      external &&
      defined({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? '0',
        currentAverageValue: external.current.averageValue,
      }),
  });
}

export function fromOldStatus(old: unknown): MetricStatus {
  const { type, ...sources } = given(old);
  const status: Json = { type: typeof type === 'string' ? type : '' };
  for (const [source, value] of Object.entries(sources)) {
    const { name, container, metricName, selector, metricSelector, target, currentValue, averageValue } = given(value);
    const { currentAverageValue, currentAverageUtilization } = given(value);
    const metric = defined({ name: metricName, selector: selector ?? metricSelector });
    const current = defined({
      averageUtilization: currentAverageUtilization,
      averageValue: currentAverageValue ?? averageValue,
      value: currentValue,
    });
    if (source === 'resource' || source === 'containerResource') status[source] = defined({ name, container, current });
    else if (source === 'object') status['object'] = { describedObject: target, metric, current };
    else if (source === 'pods' || source === 'external') status[source] = { metric, current };
  }
  return status as unknown as MetricStatus;
}
