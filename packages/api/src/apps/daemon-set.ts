/** apps/v1 DaemonSet. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import {
  ageColumn,
  column,
  containerColumns,
  formatLabelSelector,
  formatLabels,
  nameColumn,
  wide,
} from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { appsV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import { clearStatus, keepStatus } from '../status.js';
import type { DaemonSet, DaemonSetStatus, DaemonSetUpdateStrategy } from '../types.js';
import { validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateCollisionCount, validateCounts } from '../validation/status-counts.js';
import {
  isZeroCountOrPercent,
  validateAtMost100Percent,
  validateCountOrPercent,
  validateSelectorAndTemplate,
} from '../validation/workloads.js';

const emptyStatus: DaemonSetStatus = {
  currentNumberScheduled: 0,
  desiredNumberScheduled: 0,
  numberMisscheduled: 0,
  numberReady: 0,
};

function defaultDaemonSet(daemonSet: DaemonSet): void {
  daemonSet.spec ??= { selector: {}, template: {} };
  daemonSet.status ??= { ...emptyStatus };
  const { spec } = daemonSet;
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

function validateDaemonSet(daemonSet: DaemonSet): FieldError[] {
  const { spec } = daemonSet;
  return [
    ...validateObjectMeta(daemonSet.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validateSelectorAndTemplate(spec, 'spec', { emptySelector: 'daemonset', kind: 'DaemonSet' }),
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, path: string): FieldError[] {
  if (strategy.type === 'OnDelete') return [];
  if (strategy.type !== 'RollingUpdate') return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  const errors = validateCountOrPercent(maxUnavailable, `${at}.maxUnavailable`);
  errors.push(...validateAtMost100Percent(maxUnavailable, `${at}.maxUnavailable`));
  errors.push(...validateCountOrPercent(maxSurge, `${at}.maxSurge`));
  errors.push(...validateAtMost100Percent(maxSurge, `${at}.maxSurge`));
  const [noneUnavailable, noSurge] = [isZeroCountOrPercent(maxUnavailable), isZeroCountOrPercent(maxSurge)];
  if (noneUnavailable && noSurge) errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  if (!noneUnavailable && !noSurge) {
    errors.push(invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  }
  return errors;
}

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
];

const hooks: KindHooks<DaemonSet> = {
  default: defaultDaemonSet,
  prepareForCreate: (daemonSet) => clearStatus(daemonSet, { ...emptyStatus }),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(daemonSet, old) {
    daemonSet.spec = old.spec;
  },
  validate: validateDaemonSet,
  validateUpdate: (daemonSet, old) => [
    ...validateObjectMetaUpdate(daemonSet, old),
    ...validateDaemonSet(daemonSet),
    ...validateImmutable(daemonSet.spec.selector, old.spec.selector, 'spec.selector'),
  ],
  validateStatusUpdate: (daemonSet, old) => [
    ...validateObjectMetaUpdate(daemonSet, old),
    ...validateCounts(daemonSet.status, { counts }),
    ...validateCollisionCount(daemonSet.status, old.status),
  ],
  warnings: ({ metadata, spec }, old) =>
    workloadWarnings({ now: metadata, old: old?.metadata }, spec.template, 'spec.template'),
};

const count = (
  name: string,
  field:
    | 'currentNumberScheduled'
    | 'desiredNumberScheduled'
    | 'numberAvailable'
    | 'numberReady'
    | 'updatedNumberScheduled',
) =>
  column<DaemonSet>(name, `io.k8s.api.apps.v1.DaemonSetStatus#${field}`, (object) => object.status?.[field] ?? 0, {
    type: 'integer',
  });

export const daemonSet = defineKind<DaemonSet>({
  in: appsV1,
  kind: 'DaemonSet',
  shortNames: ['ds'],
  categories: ['all'],
  storagePath: 'daemonsets',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<DaemonSet>(),
    count('Desired', 'desiredNumberScheduled'),
    count('Current', 'currentNumberScheduled'),
    count('Ready', 'numberReady'),
    count('Up-to-date', 'updatedNumberScheduled'),
    count('Available', 'numberAvailable'),
    column<DaemonSet>('Node Selector', 'io.k8s.api.core.v1.PodSpec#nodeSelector', (object) =>
      formatLabels(object.spec.template.spec?.nodeSelector),
    ),
    ageColumn<DaemonSet>(),
    ...containerColumns<DaemonSet>((object) => object.spec.template.spec?.containers),
    column<DaemonSet>(
      'Selector',
      'io.k8s.api.apps.v1.DaemonSetSpec#selector',
      (object) => formatLabelSelector(object.spec.selector),
      wide,
    ),
  ],
  generation: true,
  hooks,
});
