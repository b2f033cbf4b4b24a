/** Which certificate requests are approved, and for how long signed certificates and requests live: pure. */

import type { CertificateSigningRequest, Node } from '@kubelab/api/types';

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const servingSigner = 'kubernetes.io/kubelet-serving';
export const apiClientSigner = 'kubernetes.io/kube-apiserver-client';

/** What the request asks to be certified. */
export interface RequestedIdentity {
  commonName: string;
  organizations: string[];
  dnsNames: string[];
  ipAddresses: string[];
  emails: number;
  /** URIs and whatever else may stand in a subjectAltName. */
  otherNames: number;
}

type Csr = CertificateSigningRequest;

export function isDecided(csr: Csr): boolean {
  return (csr.status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
}

export function isApproved(csr: Csr): boolean {
  const conditions = csr.status?.conditions ?? [];
  return (
    conditions.some(({ type }) => type === 'Approved') &&
    !conditions.some(({ type }) => type === 'Denied' || type === 'Failed')
  );
}

/** Any of these allows it: `selfnodeclient` when a node renews its own, and `nodeclient`. Empty: not a node's request. */
export function clientAccess(csr: Csr, identity: RequestedIdentity): ('nodeclient' | 'selfnodeclient')[] {
  if (csr.spec.signerName !== clientSigner || clientProblem(csr, identity) !== undefined) return [];
  return csr.spec.username === identity.commonName ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
}

/** Why the signer must not sign although somebody approved; upstream's texts. Undefined: it may. */
export function signingProblem(csr: Csr, identity: RequestedIdentity): string | undefined {
  switch (csr.spec.signerName) {
    case clientSigner:
      return clientProblem(csr, identity);
    case servingSigner:
      return servingProblem(csr, identity);
    default:
      return apiClientProblem(csr);
  }
}

function clientProblem(csr: Csr, identity: RequestedIdentity): string | undefined {
  if (!isOnlyNodes(identity)) return 'subject organization is not system:nodes';
  if (identity.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (identity.emails > 0) return 'Email subjectAltNames are not allowed';
  if (identity.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (identity.otherNames > 0) return 'URI subjectAltNames are not allowed';
  if (!identity.commonName.startsWith('system:node:')) return 'subject common name does not begin with system:node:';
  return usagesProblem(csr, 'client auth');
}

function servingProblem(csr: Csr, identity: RequestedIdentity): string | undefined {
  if (!isOnlyNodes(identity)) return 'subject organization is not system:nodes';
  if (identity.dnsNames.length + identity.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (identity.emails > 0) return 'Email subjectAltNames are not allowed';
  if (identity.otherNames > 0) return 'URI subjectAltNames are not allowed';
  const usages = usagesProblem(csr, 'server auth');
  if (usages) return usages;
  return identity.commonName.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node:';
}

function apiClientProblem(csr: Csr): string | undefined {
  const usages = csr.spec.usages ?? [];
  const strange = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** A node may have certified the addresses that it reports, and nothing else. */
export function isOwnServingRequest(csr: Csr, identity: RequestedIdentity, node: Node | undefined): boolean {
  if (csr.spec.signerName !== servingSigner || servingProblem(csr, identity) !== undefined) return false;
  if (csr.spec.username !== identity.commonName || !csr.spec.groups?.includes('system:nodes')) return false;
  if (!node || identity.commonName !== `system:node:${node.metadata.name}`) return false;
  const addresses = new Set((node.status?.addresses ?? []).map(({ address }) => address));
  const names = [...identity.dnsNames, ...identity.ipAddresses];
  return names.every((name) => addresses.has(name));
}

function isOnlyNodes({ organizations }: RequestedIdentity): boolean {
  return organizations.length === 1 && organizations[0] === 'system:nodes';
}

/** Key encipherment is for RSA keys only, so it may be left out. */
function usagesProblem(csr: Csr, auth: string): string | undefined {
  const usages = [...new Set(csr.spec.usages ?? [])].sort();
  const required = ['digital signature', 'key encipherment', auth].sort();
  const rest = usages.filter((usage) => usage !== 'key encipherment');
  const right = rest.length === 2 && rest.includes('digital signature') && rest.includes(auth);
  return right ? undefined : `usages did not match [${required.join(' ')}]`;
}

/** Seconds that the certificate may live. */
export function lifetimeSeconds(csr: Csr, longestMs: number): number {
  const wanted = csr.spec.expirationSeconds ?? Number.POSITIVE_INFINITY;
  return Math.min(Math.max(wanted, 600), longestMs / 1000);
}

const hourMs = 3_600_000;

/**
 * Requests nobody needs any more: issued, denied or failed an hour ago, undecided for a day, or with a certificate that has ended.
 * `certificateEndsMs`: when the issued certificate ends.
 */
export function isStale(csr: Csr, nowMs: number, certificateEndsMs?: number): boolean {
  const conditions = csr.status?.conditions ?? [];
  const issued = csr.status?.certificate !== undefined && csr.status.certificate !== '';
  const olderThan = (time: string | undefined, ms: number): boolean => nowMs - Date.parse(time ?? '') > ms;
  if (conditions.length === 0) return olderThan(csr.metadata.creationTimestamp, 24 * hourMs);
  if (issued && certificateEndsMs !== undefined && certificateEndsMs < nowMs) return true;
  return conditions.some(({ type, lastUpdateTime }) => {
    const settled = type === 'Denied' || type === 'Failed' || (type === 'Approved' && issued);
    // Approved for a signer that never came: upstream keeps it for a day, too.
    return settled ? olderThan(lastUpdateTime, hourMs) : olderThan(lastUpdateTime, 24 * hourMs);
  });
}
