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

/** The access to ask for before approving: `selfnodeclient` when a node renews its own, `nodeclient` otherwise. Undefined: not a node's request. */
export function clientAccess(csr: Csr, identity: RequestedIdentity): 'nodeclient' | 'selfnodeclient' | undefined {
  if (csr.spec.signerName !== clientSigner || !isNodeIdentity(identity)) return undefined;
  if (identity.dnsNames.length + identity.ipAddresses.length + identity.otherNames > 0) return undefined;
  if (!hasUsages(csr, 'client auth')) return undefined;
  return csr.spec.username === identity.commonName ? 'selfnodeclient' : 'nodeclient';
}

/** A node may have certified the addresses that it reports, and nothing else. */
export function isOwnServingRequest(csr: Csr, identity: RequestedIdentity, node: Node | undefined): boolean {
  if (csr.spec.signerName !== servingSigner || !isNodeIdentity(identity)) return false;
  if (csr.spec.username !== identity.commonName || !csr.spec.groups?.includes('system:nodes')) return false;
  if (!node || identity.commonName !== `system:node:${node.metadata.name}` || !hasUsages(csr, 'server auth'))
    return false;
  const addresses = new Set((node.status?.addresses ?? []).map(({ address }) => address));
  const names = [...identity.dnsNames, ...identity.ipAddresses];
  return identity.otherNames === 0 && names.length > 0 && names.every((name) => addresses.has(name));
}

function isNodeIdentity({ commonName, organizations }: RequestedIdentity): boolean {
  return organizations.length === 1 && organizations[0] === 'system:nodes' && commonName.startsWith('system:node:');
}

function hasUsages(csr: Csr, auth: string): boolean {
  const usages = new Set(csr.spec.usages ?? []);
  const allowed = ['digital signature', 'key encipherment', auth];
  return usages.has('digital signature') && usages.has(auth) && [...usages].every((usage) => allowed.includes(usage));
}

/** Seconds that the certificate may live. */
export function lifetimeSeconds(csr: Csr, longestMs: number): number {
  const wanted = csr.spec.expirationSeconds ?? Number.POSITIVE_INFINITY;
  return Math.min(Math.max(wanted, 600), longestMs / 1000);
}

const hourMs = 3_600_000;

/** Requests nobody needs any more: decided an hour ago, undecided for a day. */
export function isStale(csr: Csr, nowMs: number): boolean {
  const age = (time: string | undefined): number => nowMs - Date.parse(time ?? csr.metadata.creationTimestamp);
  const decided = csr.status?.conditions?.find(
    ({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed',
  );
  return decided ? age(decided.lastUpdateTime) > hourMs : age(csr.metadata.creationTimestamp) > 24 * hourMs;
}
