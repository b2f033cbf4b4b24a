/** Who may approve and sign which certificate requests, and what a request may never ask for. */

import type { CertificateSigningRequest } from '@kubelab/api/types';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../contracts.js';
import { isResource, refuse } from './refusal.js';

const group = 'certificates.k8s.io';
const resource = 'certificatesigningrequests';
const clientSigner = 'kubernetes.io/kube-apiserver-client';

export interface CertificatePluginOptions {
  authorizer: Authorizer;
}

const csrOf = (object: unknown): CertificateSigningRequest => object as CertificateSigningRequest;

export function createCertificateApproval(options: CertificatePluginOptions): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    async validate(request) {
      if (!isUpdateOf(request, 'approval')) return;
      const { signerName } = csrOf(request.oldObject).spec;
      if (await maySignerVerb(options.authorizer, request, 'approve', signerName)) return;
      throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

export function createCertificateSigning(options: CertificatePluginOptions): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    async validate(request) {
      if (!isUpdateOf(request, 'status')) return;
      const [csr, old] = [csrOf(request.object), csrOf(request.oldObject)];
      const same = deepEqual(csr.status?.certificate, old.status?.certificate);
      if (same && deepEqual(csr.status?.conditions ?? [], old.status?.conditions ?? [])) return;
      const { signerName } = old.spec;
      if (await maySignerVerb(options.authorizer, request, 'sign', signerName)) return;
      throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

function isUpdateOf(request: AdmissionRequest, subresource: string): boolean {
  return request.operation === 'UPDATE' && request.subresource === subresource && isResource(request, group, resource);
}

/** The right may be given for one signer or for all of its domain (`example.com/*`). */
async function maySignerVerb(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: string,
  signerName: string,
): Promise<boolean> {
  const domain = signerName.split('/')[0] ?? '';
  for (const name of [signerName, `${domain}/*`]) {
    const decision = await authorizer.authorize({
      user: request.user,
      verb,
      resourceRequest: true,
      apiGroup: group,
      apiVersion: '*',
      resource: 'signers',
      name,
      path: '',
    });
    if (decision.allowed) return true;
  }
  return false;
}

/** Nobody becomes a member of system:masters by certificate request. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(request) {
    if (request.operation !== 'CREATE' || request.subresource !== '' || !isResource(request, group, resource)) return;
    const { signerName, request: encoded } = csrOf(request.object).spec;
    if (signerName !== clientSigner) return;
    const organizations = await organizationsOf(encoded);
    if (organizations === undefined) throw refuse(request, 'failed to parse CSR');
    if (organizations.includes('system:masters')) {
      throw refuse(request, `use of ${clientSigner} signer with system:masters group is not allowed`);
    }
  },
};

/** Undefined when the request cannot be read. */
async function organizationsOf(encoded: string): Promise<string[] | undefined> {
  const pem = Buffer.from(encoded, 'base64').toString('utf8');
  // Loaded when needed: the parser costs 14 MB that most servers never use.
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  try {
    return new Pkcs10CertificateRequest(pem).subjectName.getField('O');
  } catch {
    return undefined;
  }
}

/** Who asks is written down by the server, not by the asker: upstream does this in the registry. */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  admit(request) {
    if (request.subresource !== '' || !isResource(request, group, resource) || !request.object) return;
    const { spec } = csrOf(request.object);
    if (!spec) return;
    if (request.operation === 'UPDATE') {
      const old = csrOf(request.oldObject).spec;
      setRequester(spec, {
        name: old.username ?? '',
        uid: old.uid ?? '',
        groups: old.groups ?? [],
        extra: old.extra ?? {},
      });
      return;
    }
    if (request.operation !== 'CREATE') return;
    const { name, uid = '', groups, extra = {} } = request.user;
    setRequester(spec, { name, uid, groups, extra });
  },
};

function setRequester(
  spec: CertificateSigningRequest['spec'],
  user: { name: string; uid: string; groups: string[]; extra: Record<string, string[]> },
): void {
  spec.username = user.name;
  delete spec.uid;
  delete spec.groups;
  delete spec.extra;
  if (user.uid !== '') spec.uid = user.uid;
  if (user.groups.length > 0) spec.groups = [...user.groups];
  if (Object.keys(user.extra).length > 0) spec.extra = deepClone(user.extra);
}
