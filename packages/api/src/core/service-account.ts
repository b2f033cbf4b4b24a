/** core/v1 ServiceAccount. */
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { ServiceAccount } from '../types.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const validate = (account: ServiceAccount) =>
  validateObjectMeta(account.metadata, { namespaced: true, name: dnsSubdomainName });

export const serviceAccount = defineKind<ServiceAccount>({
  in: coreV1,
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  storagePath: 'serviceaccounts',
  subresources: {
    token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  },
  columns: [
    nameColumn<ServiceAccount>(),
    column<ServiceAccount>(
      'Secrets',
      'io.k8s.api.core.v1.ServiceAccount#secrets',
      (object) => object.secrets?.length ?? 0,
    ),
    ageColumn<ServiceAccount>(),
  ],
  hooks: {
    validate,
    validateUpdate: (account, old) => [...validateObjectMetaUpdate(account, old), ...validate(account)],
  },
});
