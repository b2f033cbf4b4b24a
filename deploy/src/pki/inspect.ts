import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateSpec } from './inventory.js';
import type { KeyPair } from './issue.js';

export interface InspectOptions {
  now: number;
  /** Milliseconds of validity that must be left. */
  renewBeforeMs: number;
}

/** Why a certificate authority cannot be used any longer; undefined: it can. */
export function whyReplaceAuthority(pair: KeyPair, options: InspectOptions): string | undefined {
  return whyUnusable(pair, options);
}

/** Why an issued certificate must be issued anew; undefined: it is as the spec wants it. */
export function whyReissue(
  pair: KeyPair,
  spec: CertificateSpec,
  authority: KeyPair,
  options: InspectOptions,
): string | undefined {
  const unusable = whyUnusable(pair, options);
  if (unusable !== undefined) return unusable;
  const certificate = new X509Certificate(pair.certificate);
  if (!certificate.verify(new X509Certificate(authority.certificate).publicKey)) {
    return 'it was issued by another authority';
  }
  if (certificate.subject.split('\n').at(-1) !== `CN=${spec.commonName}`) return 'it has another subject';
  if (!sameHosts(certificate, spec.hosts)) return 'it has other host names';
  return undefined;
}

function whyUnusable(pair: KeyPair, { now, renewBeforeMs }: InspectOptions): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pair.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return 'its key is of another certificate';
  } catch {
    return 'it cannot be read';
  }
  const left = Date.parse(certificate.validTo) - now;
  return left < renewBeforeMs ? `it expires at ${new Date(certificate.validTo).toISOString()}` : undefined;
}

function sameHosts(certificate: X509Certificate, hosts: readonly string[]): boolean {
  const wanted = hosts.map((host) => (isIP(host) ? `IP Address:${host}` : `DNS:${host}`)).sort();
  const found = (certificate.subjectAltName ?? '').split(', ').filter(Boolean).sort();
  return wanted.length === found.length && wanted.every((name, index) => name === found[index]);
}
