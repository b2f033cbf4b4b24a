/** Verification of TLS client certificates against a set of CAs: what Go's x509.Verify does with ExtKeyUsageClientAuth. */

import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

const clientAuthUsage = '1.3.6.1.5.5.7.3.2';
const anyUsage = '2.5.29.37.0';
/** A path longer than this is an attack, not a PKI. */
const maxChainLength = 8;
const certificatePattern = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export interface CertificateAuthorities {
  readonly roots: readonly X509Certificate[];
}

/** Throws when the bundle holds no certificate or a broken one. */
export function parseCertificateAuthorities(pem: string): CertificateAuthorities {
  const roots = (pem.match(certificatePattern) ?? []).map((block) => new X509Certificate(block));
  if (roots.length === 0) throw new Error('data does not contain any valid RSA or ECDSA certificates');
  return { roots };
}

export interface PeerCertificates {
  leaf: X509Certificate;
  /** What the client sent besides, in no particular order and not trusted. */
  intermediates: X509Certificate[];
}

/** The certificates that the client presented (whether or not they are good), its own first, as they came; undefined: none. */
export function presentedCertificates(request: IncomingMessage): Buffer[] | undefined {
  const socket = request.socket as Partial<TLSSocket>;
  if (typeof socket.getPeerCertificate !== 'function') return undefined;
  const peer = socket.getPeerCertificate(true);
  if (!peer || !('raw' in peer) || !peer.raw) return undefined;
  const presented = [peer.raw];
  let current: DetailedPeerCertificate | undefined = peer.issuerCertificate;
  let previous: DetailedPeerCertificate = peer;
  while (current?.raw && current !== previous && presented.length <= maxChainLength) {
    presented.push(current.raw);
    previous = current;
    current = current.issuerCertificate;
  }
  return presented;
}

/** Throws when one of them is broken. */
export function parsePresented([leaf, ...others]: readonly Buffer[]): PeerCertificates {
  return {
    leaf: new X509Certificate(leaf ?? ''),
    intermediates: others.map((certificate) => new X509Certificate(certificate)),
  };
}

export interface VerifiedPeer {
  leaf: X509Certificate;
  /** Milliseconds since the epoch: the chain is good from `notBefore` to `notAfter`. */
  notBefore: number;
  notAfter: number;
}

/** Throws an Error that says what is wrong with the chain. Validity in time is left to {@link checkValidity}. */
export function verifyChain(peer: PeerCertificates, authorities: CertificateAuthorities): VerifiedPeer {
  const path = buildPath(peer, authorities);
  for (const [index, certificate] of path.entries()) {
    if (index < path.length - 1 || path.length === 1) checkUsage(certificate);
  }
  return {
    leaf: peer.leaf,
    notBefore: Math.max(...path.map((certificate) => Date.parse(certificate.validFrom))),
    notAfter: Math.min(...path.map((certificate) => Date.parse(certificate.validTo))),
  };
}

function buildPath(peer: PeerCertificates, authorities: CertificateAuthorities): X509Certificate[] {
  const path = [peer.leaf];
  if (isIn(peer.leaf, authorities.roots)) return path;
  for (let current = peer.leaf; path.length <= maxChainLength; ) {
    const root = authorities.roots.find((candidate) => isIssuedBy(current, candidate));
    if (root) return [...path, root];
    const next = peer.intermediates.find((candidate) => !isIn(candidate, path) && isIssuedBy(current, candidate));
    if (!next) break;
    path.push(next);
    current = next;
  }
  throw new Error('x509: certificate signed by unknown authority');
}

function isIn(certificate: X509Certificate, list: readonly X509Certificate[]): boolean {
  return list.some((other) => other.raw.equals(certificate.raw));
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (!issuer.ca || !certificate.checkIssued(issuer)) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // A key of another type than the signature's is just not the issuer.
    return false;
  }
}

function checkUsage(certificate: X509Certificate): void {
  // Despite its name this property holds the extended key usages; absent means any.
  const usages = certificate.keyUsage as string[] | undefined;
  if (usages === undefined || usages.length === 0) return;
  if (!usages.includes(clientAuthUsage) && !usages.includes(anyUsage)) {
    throw new Error('x509: certificate specifies an incompatible key usage');
  }
}

/** Throws when the verified chain is not valid at `now` (milliseconds since the epoch). */
export function checkValidity(peer: VerifiedPeer, now: number): void {
  if (now >= peer.notBefore && now <= peer.notAfter) return;
  const at = new Date(now).toISOString().replace('.000Z', 'Z');
  const limit = now < peer.notBefore ? peer.notBefore : peer.notAfter;
  const relation = now < peer.notBefore ? 'is before' : 'is after';
  const bound = new Date(limit).toISOString().replace('.000Z', 'Z');
  throw new Error(`x509: certificate has expired or is not yet valid: current time ${at} ${relation} ${bound}`);
}
