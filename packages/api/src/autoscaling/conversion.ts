/** HorizontalPodAutoscalers of autoscaling/v1 and v2: the same objects. What v1 has no field for it keeps in annotations. */
import { deepClone } from '@kubelab/apimachinery/json';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  HorizontalPodAutoscalerStatusV2,
  HorizontalPodAutoscalerV2,
  MetricSpec,
  MetricStatus,
} from '../types.js';
import { fromOldMetric, fromOldStatus, toOldMetric, toOldStatus } from './old-metrics.js';

const annotations = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  statuses: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
};

const isCpuTarget = ({ type, resource }: MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined;
const isCpuStatus = ({ type, resource }: MetricStatus): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.current?.averageUtilization !== undefined;

function cpuTarget(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

export function autoscalerToV2(given: HorizontalPodAutoscaler): HorizontalPodAutoscalerV2 {
  const { spec, status, metadata, ...rest } = deepClone(given);
  const { targetCPUUtilizationPercentage: cpu, ...common } = spec;
  const noted = metadata.annotations ?? {};
  const metrics = [
    ...(cpu === undefined ? [] : [cpuTarget(cpu)]),
    ...listIn(noted[annotations.metrics]).map(fromOldMetric),
  ];
  const behavior = parsed(noted[annotations.behavior]);
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(metadata, {}),
    spec: {
      ...common,
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(typeof behavior === 'object' && behavior !== null ? { behavior } : {}),
    },
    ...(status ? { status: statusToV2(status, noted) } : {}),
  };
}

function statusToV2(
  status: HorizontalPodAutoscalerStatus,
  noted: Record<string, string>,
): HorizontalPodAutoscalerStatusV2 {
  const { currentCPUUtilizationPercentage: cpu, ...common } = status;
  const currentMetrics: MetricStatus[] = [
    ...(cpu === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu, averageValue: '0' } } }]),
    ...listIn(noted[annotations.statuses]).map(fromOldStatus),
  ];
  const conditions = listIn(noted[annotations.conditions]);
  return {
    ...common,
    ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
    ...(conditions.length > 0
      ? { conditions: conditions as HorizontalPodAutoscalerStatusV2['conditions'] & object }
      : {}),
  };
}

export function autoscalerToV1(given: HorizontalPodAutoscalerV2): HorizontalPodAutoscaler {
  const { spec, status, metadata, ...rest } = deepClone(given);
  const { metrics = [], behavior, ...common } = spec;
  const cpu = metrics.find(isCpuTarget)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpuTarget(metric)).map(toOldMetric);
  const { currentMetrics: metricsNow, conditions = [], ...commonStatus } = status ?? { desiredReplicas: 0 };
  const currentMetrics = metricsNow ?? [];
  const currentCpu = currentMetrics.find(isCpuStatus)?.resource?.current.averageUtilization;
  const otherStatuses = currentMetrics.filter((metric) => !isCpuStatus(metric)).map(toOldStatus);
  const text = (value: readonly unknown[]): string | undefined =>
    value.length > 0 ? JSON.stringify(value) : undefined;
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metadata, {
      [annotations.metrics]: text(others),
      [annotations.statuses]: text(otherStatuses),
      [annotations.conditions]: text(conditions),
      [annotations.behavior]: behavior && JSON.stringify(behavior),
    }),
    spec: { ...common, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    ...(status
      ? {
          status: {
            ...commonStatus,
            currentReplicas: commonStatus.currentReplicas ?? 0,
            ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }),
          },
        }
      : {}),
  };
}

/** The annotations of conversions are only for v1: others are dropped, those in `added` put in. */
function withAnnotations<T extends { annotations?: Record<string, string> }>(
  metadata: T,
  added: Record<string, string | undefined>,
): T {
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => !Object.values(annotations).includes(key));
  const extra = Object.entries(added).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { annotations: _, ...rest } = metadata;
  const all = [...own, ...extra];
  return (all.length > 0 ? { ...rest, annotations: Object.fromEntries(all) } : rest) as T;
}

/** Users write annotations, too: what is no JSON counts as nothing. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function listIn(text: string | undefined): unknown[] {
  const value = parsed(text);
  return Array.isArray(value) ? value : [];
}
