/** apiregistration.k8s.io/v1 APIService. */
import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { isDNS1035Label, isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { apiRegistrationV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { APIService } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { pathSegmentName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const maxGroupPriority = 20_000;
const maxVersionPriority = 1_000;

function validate(object: APIService): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: pathSegmentName });
  const { group = '', version = '', groupPriorityMinimum, versionPriority, service } = object.spec;
  const name = `${version}.${group}`;
  if (object.metadata.name !== name) {
    errors.push(
      invalid(
        'metadata.name',
        object.metadata.name ?? '',
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
      ),
    );
  }
  if (group !== '') errors.push(...validateWith(isDNS1123Subdomain, group, 'spec.group'));
  errors.push(...validateWith(isDNS1035Label, version, 'spec.version'));
  if (!(groupPriorityMinimum > 0 && groupPriorityMinimum <= maxGroupPriority)) {
    errors.push(
      invalid('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${maxGroupPriority}`),
    );
  }
  if (!(versionPriority > 0 && versionPriority <= maxVersionPriority)) {
    errors.push(
      invalid('spec.versionPriority', versionPriority, `must be positive and less than ${maxVersionPriority}`),
    );
  }
  if (!service) {
    if (object.spec.caBundle) {
      errors.push(
        invalid('spec.caBundle', `${object.spec.caBundle.length} bytes`, 'local APIServices may not have a caBundle'),
      );
    }
    if (object.spec.insecureSkipTLSVerify) {
      errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    }
    return errors;
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'));
  if (!service.name) errors.push(required('spec.service.name'));
  const why = 'aggregated API servers are not supported by this server yet: only local APIServices, without a service';
  return [...errors, forbiddenField('spec.service', why)];
}

function availableText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

export const apiService = defineKind<APIService>({
  in: apiRegistrationV1,
  kind: 'APIService',
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'apiregistration.k8s.io/apiservices',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<APIService>(),
    column<APIService>('Service', 'The reference to the service that hosts this API endpoint.', ({ spec }) =>
      spec.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
    ),
    column<APIService>('Available', 'Whether this service is available.', availableText),
    ageColumn<APIService>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= { groupPriorityMinimum: 0, versionPriority: 0 };
      if (object.spec.service) object.spec.service.port ??= 443;
    },
    prepareForCreate(object) {
      object.status = {};
      if (object.spec.service) return;
      const condition = {
        type: 'Available',
        status: 'True',
        reason: 'Local',
        message: 'Local APIServices are always available',
      };
      object.status = { conditions: [{ lastTransitionTime: object.metadata.creationTimestamp, ...condition }] };
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(object, old) {
      object.spec = old.spec;
    },
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
    validateStatusUpdate: validateObjectMetaUpdate,
  },
});
