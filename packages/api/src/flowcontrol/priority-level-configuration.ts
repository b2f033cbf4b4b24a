/** flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { flowControlV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { LimitedPriorityLevelConfiguration, PriorityLevelConfiguration, QueuingConfiguration } from '../types.js';
import { validateEnum, validateNonNegative } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const maxQueues = 10 * 1000 * 1000;

function validate(object: PriorityLevelConfiguration): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const { type = '', limited, exempt } = object.spec ?? {};
  errors.push(...validateEnum(type, ['Exempt', 'Limited'], 'spec.type'));
  if (type === 'Exempt' && limited)
    errors.push(forbiddenField('spec.limited', 'must be nil if the type is not Limited'));
  if (type === 'Limited' && exempt) errors.push(forbiddenField('spec.exempt', 'must be nil if the type is Limited'));
  if (type === 'Limited' && !limited) errors.push(required('spec.limited', 'must not be empty when type is Limited'));
  if (type === 'Limited' && limited) errors.push(...validateLimited(limited, 'spec.limited'));
  if (exempt)
    errors.push(...validateNonNegative(exempt.nominalConcurrencyShares, 'spec.exempt.nominalConcurrencyShares'));
  return errors;
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const { nominalConcurrencyShares = 0, lendablePercent = 0, borrowingLimitPercent, limitResponse } = limited;
  const errors = validateNonNegative(nominalConcurrencyShares, `${path}.nominalConcurrencyShares`);
  if (lendablePercent < 0 || lendablePercent > 100) {
    errors.push(invalid(`${path}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive'));
  }
  if (borrowingLimitPercent !== undefined && borrowingLimitPercent < 0) {
    errors.push(
      invalid(`${path}.borrowingLimitPercent`, borrowingLimitPercent, 'if specified, must be a non-negative integer'),
    );
  }
  const at = `${path}.limitResponse`;
  const { type = '', queuing } = limitResponse ?? {};
  errors.push(...validateEnum(type, ['Queue', 'Reject'], `${at}.type`));
  if (type === 'Reject' && queuing) {
    errors.push(forbiddenField(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  }
  if (type === 'Queue') {
    if (!queuing) errors.push(required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
    else errors.push(...validateQueuing(queuing, `${at}.queuing`));
  }
  return errors;
}

function validateQueuing(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0) errors.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'));
  if (queues > maxQueues) errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${maxQueues}`));
  if (handSize <= 0) errors.push(invalid(`${path}.handSize`, handSize, 'must be positive'));
  if (handSize > queues) {
    errors.push(invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`));
  }
  return errors;
}

const limitedSpec = 'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration';
const queuingSpec = 'io.k8s.api.flowcontrol.v1.QueuingConfiguration';
const queuingOf = ({ spec }: PriorityLevelConfiguration): QueuingConfiguration | undefined =>
  spec?.limited?.limitResponse?.queuing;
const orNone = (value: number | undefined): string | number => value ?? '<none>';

export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  in: flowControlV1,
  kind: 'PriorityLevelConfiguration',
  clusterScoped: true,
  storagePath: 'prioritylevelconfigurations',
  subresources: { status: editSubresource },
  generation: true,
  columns: [
    nameColumn<PriorityLevelConfiguration>(),
    column<PriorityLevelConfiguration>(
      'Type',
      'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec#type',
      ({ spec }) => spec?.type ?? '',
    ),
    column<PriorityLevelConfiguration>(
      'NominalConcurrencyShares',
      `${limitedSpec}#nominalConcurrencyShares`,
      ({ spec }) => orNone(spec?.limited?.nominalConcurrencyShares),
    ),
    column<PriorityLevelConfiguration>('Queues', `${queuingSpec}#queues`, (object) =>
      orNone(queuingOf(object)?.queues),
    ),
    column<PriorityLevelConfiguration>('HandSize', `${queuingSpec}#handSize`, (object) =>
      orNone(queuingOf(object)?.handSize),
    ),
    column<PriorityLevelConfiguration>('QueueLengthLimit', `${queuingSpec}#queueLengthLimit`, (object) =>
      orNone(queuingOf(object)?.queueLengthLimit),
    ),
    ageColumn<PriorityLevelConfiguration>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= { type: '' };
      const { spec } = object;
      if (spec.exempt) {
        spec.exempt.nominalConcurrencyShares ??= 0;
        spec.exempt.lendablePercent ??= 0;
      }
      if (!spec.limited) return;
      spec.limited.nominalConcurrencyShares ??= 30;
      spec.limited.lendablePercent ??= 0;
      const { queuing } = spec.limited.limitResponse ?? {};
      if (!queuing) return;
      queuing.handSize ||= 8;
      queuing.queues ||= 64;
      queuing.queueLengthLimit ||= 50;
    },
    prepareForCreate(object) {
      object.status = {};
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(object, old) {
      if (old.spec) object.spec = old.spec;
    },
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
