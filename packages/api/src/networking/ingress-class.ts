/** networking.k8s.io/v1 IngressClass. */
import { type FieldError, forbiddenField, notSupported, required, tooLong } from '@kubelab/apimachinery/field-error';
import { isDNS1123Label, isDNS1123Subdomain, isValidPathSegmentName } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { networkingV1 } from '../group-versions.js';
import type { IngressClass, IngressClassParametersReference } from '../types.js';
import { validateDomainPrefixedPath, validateWith } from '../validation/fields.js';
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
  errors.push(...validateDomainPrefixedPath(controller, 'spec.controller'));
  const { parameters } = object.spec ?? {};
  if (parameters) errors.push(...validateParameters(parameters, 'spec.parameters'));
  return errors;
}

function validateParameters(parameters: IngressClassParametersReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (parameters.apiGroup !== undefined) {
    errors.push(...validateWith(isDNS1123Subdomain, parameters.apiGroup, `${path}.apiGroup`));
  }
  for (const field of ['kind', 'name'] as const) {
    if (parameters[field]) errors.push(...validateWith(isValidPathSegmentName, parameters[field], `${path}.${field}`));
    else errors.push(required(`${path}.${field}`, `${field} is required`));
  }
  return [...errors, ...validateScope(parameters, path)];
}

function validateScope({ scope, namespace }: IngressClassParametersReference, path: string): FieldError[] {
  if (scope === undefined) return [required(`${path}.scope`)];
  if (scope !== 'Cluster' && scope !== 'Namespace') {
    return [notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])];
  }
  const why = `\`parameters.scope\` is set to '${scope}'`;
  if (scope === 'Cluster') return namespace === undefined ? [] : [forbiddenField(`${path}.namespace`, why)];
  if (namespace === undefined) return [required(`${path}.namespace`, why)];
  return validateWith(isDNS1123Label, namespace, `${path}.namespace`);
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
      ...validateImmutable(object.spec?.controller, old.spec?.controller, 'spec.controller'),
      ...validate(object),
    ],
  },
});
