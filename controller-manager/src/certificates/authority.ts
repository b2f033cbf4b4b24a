/** The cluster's signing CA over X.509. */

import 'reflect-metadata';
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  type GeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { RequestedIdentity } from './plan.js';

cryptoProvider.set(webcrypto);

const subjectAltNameOid = '2.5.29.17';
const backdateMs = 300_000;

const keyUsages: ReadonlyMap<string, KeyUsageFlags> = new Map([
  ['digital signature', KeyUsageFlags.digitalSignature],
  ['content commitment', KeyUsageFlags.nonRepudiation],
  ['key encipherment', KeyUsageFlags.keyEncipherment],
  ['key agreement', KeyUsageFlags.keyAgreement],
  ['data encipherment', KeyUsageFlags.dataEncipherment],
]);

const extendedUsages: ReadonlyMap<string, string> = new Map([
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
]);

/** Parses the PEM of spec.request (base64 as in the API). Throws an Error when it is no valid, self-signed request. */
export async function readRequest(
  request: string,
): Promise<{ csr: Pkcs10CertificateRequest; identity: RequestedIdentity }> {
  const csr = new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString('utf8'));
  if (!(await csr.verify())) throw new Error('the signature of the certificate request is wrong');
  const names = csr.extensions.find((extension) => extension.type === subjectAltNameOid);
  const alternatives = names instanceof SubjectAlternativeNameExtension ? names.names.items : [];
  const of = (type: string): string[] =>
    alternatives.filter((name: GeneralName) => name.type === type).map((name) => name.value);
  const subject = csr.subjectName;
  const [dnsNames, ipAddresses, emails] = [of('dns'), of('ip'), of('email').length];
  return {
    csr,
    identity: {
      commonName: subject.getField('CN')[0] ?? '',
      organizations: subject.getField('O'),
      dnsNames,
      ipAddresses,
      emails,
      otherNames: alternatives.length - dnsNames.length - ipAddresses.length - emails,
    },
  };
}

/** When the issued certificate (base64 of PEM, as in the API) ends; undefined when there is none or it is no certificate. */
export function certificateEnd(certificate: string | undefined): number | undefined {
  if (!certificate) return undefined;
  try {
    return new X509Certificate(Buffer.from(certificate, 'base64').toString('utf8')).notAfter.getTime();
  } catch (error) {
    // Other signers may put here what they like; it only means that there is no end to look at.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export class CertificateAuthority {
  readonly #certificate: X509Certificate;
  readonly #keyPem: Buffer;
  #key: webcrypto.CryptoKey | undefined;

  constructor(options: { cert: Buffer; key: Buffer }) {
    this.#certificate = new X509Certificate(options.cert.toString('utf8'));
    this.#keyPem = options.key;
  }

  /** The signed certificate as PEM. */
  async sign(
    csr: Pkcs10CertificateRequest,
    options: { usages: readonly string[]; lifetimeSeconds: number; nowMs: number },
  ): Promise<string> {
    const key = await this.#signingKey();
    const names = csr.extensions.find((extension) => extension.type === subjectAltNameOid);
    const flags = options.usages.reduce((sum, usage) => sum | (keyUsages.get(usage) ?? 0), 0);
    const extended = options.usages.flatMap((usage) => extendedUsages.get(usage) ?? []);
    const notAfter = Math.min(options.nowMs + options.lifetimeSeconds * 1000, this.#certificate.notAfter.getTime());
    const certificate = await X509CertificateGenerator.create({
      serialNumber: randomBytes(16)
        .toString('hex')
        .replace(/^[89a-f]/, '7'),
      subject: csr.subject,
      issuer: this.#certificate.subject,
      // Clocks of nodes may be behind ours.
      notBefore: new Date(options.nowMs - backdateMs),
      notAfter: new Date(notAfter),
      signingKey: key,
      publicKey: csr.publicKey,
      signingAlgorithm: signingAlgorithm(key),
      extensions: [
        new KeyUsagesExtension(flags, true),
        ...(extended.length > 0 ? [new ExtendedKeyUsageExtension(extended)] : []),
        new BasicConstraintsExtension(false, undefined, true),
        await AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...(names ? [names] : []),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }

  async #signingKey(): Promise<webcrypto.CryptoKey> {
    if (!this.#key) {
      const key = createPrivateKey(this.#keyPem);
      const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(this.#keyPem);
      const algorithm =
        type === 'rsa'
          ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
          : { name: 'ECDSA', namedCurve: details?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256' };
      const der = key.export({ type: 'pkcs8', format: 'der' });
      this.#key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
    }
    return this.#key;
  }
}

function signingAlgorithm(key: webcrypto.CryptoKey): webcrypto.EcdsaParams | webcrypto.Algorithm {
  return key.algorithm.name === 'ECDSA' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: 'RSASSA-PKCS1-v1_5' };
}
