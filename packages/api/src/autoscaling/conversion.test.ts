import type { HorizontalPodAutoscalerV2 } from '../types.js';
import { autoscalerToV1, autoscalerToV2 } from './conversion.js';

const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2024-05-01T12:00:00Z' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

const full: HorizontalPodAutoscalerV2 = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { ...metadata, annotations: { mine: 'stays' } },
  spec: {
    maxReplicas: 5,
    minReplicas: 2,
    scaleTargetRef,
    behavior: { scaleDown: { stabilizationWindowSeconds: 10 } },
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 5 } },
      },
      {
        type: 'Pods',
        pods: {
          metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
          target: { type: 'AverageValue', averageValue: '3' },
        },
      },
      {
        type: 'Object',
        object: { describedObject: scaleTargetRef, metric: { name: 'm' }, target: { type: 'Value', value: '3' } },
      },
      { type: 'External', external: { metric: { name: 'm' }, target: { type: 'Value', value: '3' } } },
    ],
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    conditions: [{ type: 'AbleToScale', status: 'True', reason: 'r' }],
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '0' } } },
      { type: 'Pods', pods: { metric: { name: 'm' }, current: { averageValue: '2' } } },
    ],
  },
};

it('goes to v1 and back without a loss', () => {
  const old = autoscalerToV1(full);
  expect(old.spec).toEqual({ maxReplicas: 5, minReplicas: 2, scaleTargetRef, targetCPUUtilizationPercentage: 70 });
  expect(old.status).toEqual({ currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 50 });
  expect(Object.keys(old.metadata.annotations ?? {}).sort()).toEqual([
    'autoscaling.alpha.kubernetes.io/behavior',
    'autoscaling.alpha.kubernetes.io/conditions',
    'autoscaling.alpha.kubernetes.io/current-metrics',
    'autoscaling.alpha.kubernetes.io/metrics',
    'mine',
  ]);
  expect(autoscalerToV2(old)).toEqual(full);
});

it.each(['{', '5', 'null', '[5, null, {"type": 7}]', '[{"type":"Pods","pods":3}]'])(
  'makes do with annotations that somebody wrote: %s',
  (text) => {
    const old = autoscalerToV1(full);
    old.metadata.annotations = { 'autoscaling.alpha.kubernetes.io/metrics': text };
    expect(() => autoscalerToV2(old)).not.toThrow();
  },
);
