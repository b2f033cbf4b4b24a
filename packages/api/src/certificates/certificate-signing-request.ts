/** certificates.k8s.io/v1 CertificateSigningRequest. */
import { type FieldError, forbiddenField, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { humanDuration } from '@kubelab/apimachinery/time';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { certificatesV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../types.js';
import { validateEach } from '../validation/fields.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const spec = 'io.k8s.api.certificates.v1.CertificateSigningRequestSpec';
const minExpirationSeconds = 600;
const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** `Approved,Issued`. */
export function requestState(request: CertificateSigningRequest): string {
  const types = new Set((request.status?.conditions ?? []).map((condition) => condition.type));
  const parts = [types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'];
  if (types.has('Failed')) parts.push('Failed');
  if (request.status?.certificate) parts.push('Issued');
  return parts.join(',');
}

function validate(request: CertificateSigningRequest): FieldError[] {
  const { spec: object } = request;
  const errors = validateObjectMeta(request.metadata, { namespaced: false, name: () => [] });
  errors.push(...validatePem(object.request ?? ''));
  if (!object.usages?.length) errors.push(required('spec.usages'));
  errors.push(
    ...validateEach(object.usages, 'spec.usages', (usage, path) =>
      usages.includes(usage) ? [] : [notSupported(path, usage, usages)],
    ),
  );
  errors.push(...validateSignerName(object.signerName ?? '', 'spec.signerName'));
  const { expirationSeconds } = object;
  if (expirationSeconds !== undefined && expirationSeconds < minExpirationSeconds) {
    const why = `may not specify a duration less than ${minExpirationSeconds} seconds (${minExpirationSeconds / 60} minutes)`;
    errors.push(invalid('spec.expirationSeconds', expirationSeconds, why));
  }
  errors.push(...validateConditions(request.status?.conditions ?? []));
  return errors;
}

function validatePem(request: string): FieldError[] {
  const text = Buffer.from(request, 'base64').toString();
  const type = text.match(/-----BEGIN ([^-]+)-----/)?.[1];
  if (type === 'CERTIFICATE REQUEST') return [];
  return [invalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST')];
}

/** `example.com/some-name`. */
export function validateSignerName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  if (name === 'kubernetes.io/legacy-unknown') {
    return [invalid(path, name, 'the legacy signerName is not allowed via this API version')];
  }
  const [domain = '', ...rest] = name.split('/');
  if (rest.length !== 1 || rest[0] === '') {
    return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  if (!domain.includes('.'))
    return [invalid(path, name, 'should be a domain with at least two segments separated by dots')];
  return [...isDNS1123Subdomain(domain), ...isDNS1123Subdomain(rest[0] ?? '')].map((problem) =>
    invalid(path, name, problem),
  );
}

function validateConditions(conditions: readonly CertificateSigningRequestCondition[]): FieldError[] {
  const types = new Set<string>();
  return validateEach(conditions, 'status.conditions', ({ type, status }, path) => {
    const errors: FieldError[] = [];
    if (!type) errors.push(required(`${path}.type`));
    const decided = type === 'Approved' || type === 'Denied' || type === 'Failed';
    if (decided && status !== 'True') errors.push(notSupported(`${path}.status`, status ?? '', ['True']));
    if (!status) errors.push(required(`${path}.status`));
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (opposite && types.has(opposite)) {
      errors.push(invalid(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive'));
    }
    if (types.has(type))
      errors.push({
        type: 'FieldValueDuplicate',
        field: `${path}.type`,
        detail: `Duplicate value: ${JSON.stringify(type)}`,
      });
    types.add(type);
    return errors;
  });
}

/** Decisions, once made, stay; who may make them is decided by the subresource. */
function validateDecisions(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  mayDecide: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const type of ['Approved', 'Denied', 'Failed'] as const) {
    const of = (each: CertificateSigningRequest) =>
      each.status?.conditions?.filter((condition) => condition.type === type) ?? [];
    const [now, before] = [of(request), of(old)];
    const removed = before.length > now.length;
    if (removed)
      errors.push(forbiddenField('status.conditions', `updates may not remove a condition of type "${type}"`));
    const added = now.length > before.length;
    if (added && type !== 'Failed' && !mayDecide) {
      errors.push(forbiddenField('status.conditions', `updates may not add a condition of type "${type}"`));
    }
    if (!removed && !added && !deepEqual(now, before) && type !== 'Failed' && !mayDecide) {
      errors.push(forbiddenField('status.conditions', `updates may not modify a condition of type "${type}"`));
    }
  }
  return errors;
}

/** Update of the approval subresource: conditions only, and they may decide. */
export function prepareApproval(request: CertificateSigningRequest, old: CertificateSigningRequest): void {
  request.spec = old.spec;
  const conditions = request.status?.conditions;
  request.status = { ...old.status, ...(conditions ? { conditions } : {}) };
}

export function validateApproval(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return [
    ...validateObjectMetaUpdate(request, old),
    ...validateConditions(request.status?.conditions ?? []),
    ...validateDecisions(request, old, true),
  ];
}

function validateStatusUpdate(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const errors = [
    ...validateObjectMetaUpdate(request, old),
    ...validateConditions(request.status?.conditions ?? []),
    ...validateDecisions(request, old, false),
  ];
  const { certificate: before } = old.status ?? {};
  if (before && request.status?.certificate !== before) {
    errors.push(forbiddenField('status.certificate', 'updates may not change certificate once set'));
  }
  return errors;
}

const hooks: KindHooks<CertificateSigningRequest> = {
  default(request) {
    request.spec ??= { request: '', signerName: '' };
    request.status ??= {};
  },
  prepareForCreate(request) {
    request.status = {};
  },
  prepareForUpdate(request, old) {
    request.spec = old.spec;
    keepStatus(request, old);
  },
  prepareForStatusUpdate(request, old) {
    request.spec = old.spec;
  },
  validate,
  validateUpdate: validateObjectMetaUpdate,
  validateStatusUpdate,
};

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  in: certificatesV1,
  kind: 'CertificateSigningRequest',
  shortNames: ['csr'],
  clusterScoped: true,
  storagePath: 'certificatesigningrequests',
  subresources: { approval: editSubresource, status: editSubresource },
  columns: [
    nameColumn<CertificateSigningRequest>(),
    ageColumn<CertificateSigningRequest>(),
    column<CertificateSigningRequest>(
      'SignerName',
      `${spec}#signerName`,
      (object) => object.spec.signerName || '<none>',
    ),
    column<CertificateSigningRequest>('Requestor', `${spec}#request`, (object) => object.spec.username ?? ''),
    column<CertificateSigningRequest>(
      'RequestedDuration',
      `${spec}#expirationSeconds`,
      ({ spec: { expirationSeconds } }) =>
        expirationSeconds === undefined ? '<none>' : humanDuration(expirationSeconds * 1000),
    ),
    column<CertificateSigningRequest>(
      'Condition',
      'io.k8s.api.certificates.v1.CertificateSigningRequestStatus#conditions',
      requestState,
    ),
  ],
  selectableFields: ['spec.signerName'],
  hooks,
});
