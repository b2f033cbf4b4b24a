/** networking.k8s.io/v1 IngressClass. */
import { type FieldError, required, tooLong } from '@kubelab/apimachinery/field-error';
import { isDomainPrefixedPath } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import type { IngressClass } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const maxControllerLength = 250;

function parametersText(object: IngressClass): string {
  const { parameters } = object.spec ?? {};
  if (!parameters) return '<none>';
  const kind = parameters.apiGroup === undefined ? parameters.kind : `${parameters.kind}.${parameters.apiGroup}`;
  return `${kind}/${parameters.name}`;
}

function validate(object: IngressClass): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const controller = object.spec?.controller ?? '';
  if (controller.length > maxControllerLength) errors.push(tooLong('spec.controller', maxControllerLength));
  errors.push(...validateWith(isDomainPrefixedPath, controller, 'spec.controller'));
  const { parameters } = object.spec ?? {};
  if (parameters) {
    for (const field of ['kind', 'name'] as const) {
      if (!parameters[field]) errors.push(required(`spec.parameters.${field}`, `${field} is required`));
    }
  }
  return errors;
}

export const ingressClass = defineKind<IngressClass>({
  in: networkingV1,
  kind: 'IngressClass',
  plural: 'ingressclasses',
  clusterScoped: true,
  storagePath: 'ingressclasses',
  columns: [
    nameColumn<IngressClass>(),
    column<IngressClass>(
      'Controller',
      'Controller that is responsible for handling this class',
      (object) => object.spec?.controller ?? '',
    ),
    column<IngressClass>('Parameters', 'A reference to a resource with additional parameters', parametersText),
    ageColumn<IngressClass>(),
  ],
  generation: true,
  hooks: {
    default(object) {
      object.spec ??= {};
      if (object.spec.parameters) object.spec.parameters.scope ??= 'Cluster';
    },
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...validateImmutable(object.spec?.controller, old.spec?.controller, 'spec.controller'),
    ],
  },
});
