/** autoscaling/v1 HorizontalPodAutoscaler: what v2 is, seen by older clients. */
import { defineKind, editSubresource, type KindColumn } from '../define-kind.js';
import { autoscalingV1 } from '../group-versions.js';
import type { ResourceHooks, StoredForm } from '../resource.js';
import { keepStatus } from '../status.js';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV2 } from '../types.js';
import { autoscalerToV1, autoscalerToV2 } from './conversion.js';
import { horizontalPodAutoscaler as v2 } from './horizontal-pod-autoscaler.js';

type Unstructured = Parameters<NonNullable<ResourceHooks['default']>>[0];

/** With v2's defaults, which depend on the annotations, too. */
function inV2(autoscaler: HorizontalPodAutoscaler): Unstructured {
  const converted = autoscalerToV2(autoscaler) as unknown as Unstructured;
  v2.hooks.default?.(converted);
  return converted;
}

const stored: StoredForm = {
  group: v2.group,
  version: v2.version,
  kind: v2.kind,
  toStored: (object) => inV2(object as unknown as HorizontalPodAutoscaler),
  fromStored: (object) => autoscalerToV1(object as unknown as HorizontalPodAutoscalerV2) as unknown as Unstructured,
};

const columns = v2.columns.map((column) => ({
  ...column,
  get description() {
    return column.description;
  },
  cell: (object: HorizontalPodAutoscaler, context: { now: Date }) => column.cell(inV2(object), context),
})) as unknown as readonly KindColumn<HorizontalPodAutoscaler>[];

function defaultAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.spec ??= { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
  autoscaler.spec.scaleTargetRef ??= { kind: '', name: '' };
  autoscaler.spec.minReplicas ??= 1;
  autoscaler.status ??= { currentReplicas: 0, desiredReplicas: 0 };
  // Whether there is a metric already is in the annotations.
  const { metrics = [] } = autoscalerToV2(autoscaler).spec;
  if (metrics.length === 0) autoscaler.spec.targetCPUUtilizationPercentage = 80;
}

export const horizontalPodAutoscalerV1 = defineKind<HorizontalPodAutoscaler>({
  in: autoscalingV1,
  kind: 'HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  storagePath: 'horizontalpodautoscalers',
  stored,
  subresources: { status: editSubresource },
  columns,
  hooks: {
    default: defaultAutoscaler,
    prepareForCreate(autoscaler) {
      autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 };
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(autoscaler, old) {
      autoscaler.spec = old.spec;
    },
    validate: (autoscaler) => v2.hooks.validate?.(inV2(autoscaler)) ?? [],
    validateUpdate: (autoscaler, old) => v2.hooks.validateUpdate?.(inV2(autoscaler), inV2(old)) ?? [],
    validateStatusUpdate: (autoscaler, old) => v2.hooks.validateStatusUpdate?.(inV2(autoscaler), inV2(old)) ?? [],
  },
});
