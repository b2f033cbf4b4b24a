/**
 * admissionregistration.k8s.io/v1. This server calls no webhooks and evaluates no policies yet. Storing what nobody acts on would let people
 * believe that they are protected, so nothing of the kind can be created.
 */
import { type FieldError, forbiddenField } from '@kubelab/apimachinery/field-error';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { admissionRegistrationV1 } from '../group-versions.js';
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../types.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta } from '../validation/object-meta.js';

const refusing =
  (field: string, what: string) =>
  (object: KubeObject): FieldError[] => [
    ...validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName }),
    forbiddenField(field, `${what} are not supported by this server yet`),
  ];

const webhooks = refusing('webhooks', 'admission webhooks');
const policies = refusing('spec', 'admission policies (CEL)');

const about = (kind: string): string => `io.k8s.api.admissionregistration.v1.${kind}`;

export const mutatingWebhookConfiguration = defineKind<MutatingWebhookConfiguration>({
  in: admissionRegistrationV1,
  kind: 'MutatingWebhookConfiguration',
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'mutatingwebhookconfigurations',
  generation: true,
  columns: [
    nameColumn<MutatingWebhookConfiguration>(),
    column<MutatingWebhookConfiguration>(
      'Webhooks',
      `${about('MutatingWebhookConfiguration')}#webhooks`,
      (object) => object.webhooks?.length ?? 0,
      { type: 'integer' },
    ),
    ageColumn<MutatingWebhookConfiguration>(),
  ],
  hooks: { validate: webhooks },
});

export const validatingWebhookConfiguration = defineKind<ValidatingWebhookConfiguration>({
  in: admissionRegistrationV1,
  kind: 'ValidatingWebhookConfiguration',
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'validatingwebhookconfigurations',
  generation: true,
  columns: [
    nameColumn<ValidatingWebhookConfiguration>(),
    column<ValidatingWebhookConfiguration>(
      'Webhooks',
      `${about('ValidatingWebhookConfiguration')}#webhooks`,
      (object) => object.webhooks?.length ?? 0,
      { type: 'integer' },
    ),
    ageColumn<ValidatingWebhookConfiguration>(),
  ],
  hooks: { validate: webhooks },
});

export const validatingAdmissionPolicy = defineKind<ValidatingAdmissionPolicy>({
  in: admissionRegistrationV1,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'validatingadmissionpolicies',
  subresources: { status: editSubresource },
  generation: true,
  columns: [
    nameColumn<ValidatingAdmissionPolicy>(),
    column<ValidatingAdmissionPolicy>(
      'Validations',
      `${about('ValidatingAdmissionPolicySpec')}#validations`,
      ({ spec }) => spec?.validations?.length ?? 0,
      { type: 'integer' },
    ),
    column<ValidatingAdmissionPolicy>('ParamKind', `${about('ValidatingAdmissionPolicySpec')}#paramKind`, ({ spec }) =>
      spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>',
    ),
    ageColumn<ValidatingAdmissionPolicy>(),
  ],
  hooks: { validate: policies },
});

export const validatingAdmissionPolicyBinding = defineKind<ValidatingAdmissionPolicyBinding>({
  in: admissionRegistrationV1,
  kind: 'ValidatingAdmissionPolicyBinding',
  categories: ['api-extensions'],
  clusterScoped: true,
  storagePath: 'validatingadmissionpolicybindings',
  generation: true,
  columns: [
    nameColumn<ValidatingAdmissionPolicyBinding>(),
    column<ValidatingAdmissionPolicyBinding>(
      'PolicyName',
      `${about('ValidatingAdmissionPolicyBindingSpec')}#policyName`,
      ({ spec }) => spec?.policyName ?? '',
    ),
    column<ValidatingAdmissionPolicyBinding>(
      'ParamRef',
      `${about('ValidatingAdmissionPolicyBindingSpec')}#paramRef`,
      ({ spec }) => {
        const { name, namespace } = spec?.paramRef ?? {};
        if (!spec?.paramRef) return '<unset>';
        return namespace ? `${namespace}/${name ?? ''}` : (name ?? '*');
      },
    ),
    ageColumn<ValidatingAdmissionPolicyBinding>(),
  ],
  hooks: { validate: policies },
});
