/** Certificates for unit tests, made on the spot. */

import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const dayMs = 24 * 3600 * 1000;

export interface Issued {
  cert: string;
  key: string;
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

export interface CertificateRequest {
  /** `CN=jane,O=dev`. */
  subject: string;
  issuer?: Issued;
  ca?: boolean;
  /** `client` is the default. */
  usage?: 'client' | 'server' | 'none';
  notBefore?: Date;
  notAfter?: Date;
  /** IP addresses of a server. */
  addresses?: string[];
}

export async function issueCertificate(request: CertificateRequest): Promise<Issued> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: String(Math.floor(Math.random() * 1e9) + 1),
    subject: request.subject,
    issuer: request.issuer?.certificate.subject ?? request.subject,
    notBefore: request.notBefore ?? new Date(Date.now() - dayMs),
    notAfter: request.notAfter ?? new Date(Date.now() + dayMs),
    publicKey: keys.publicKey as never,
    signingKey: (request.issuer?.keys ?? keys).privateKey as never,
    signingAlgorithm: algorithm,
    extensions: extensionsOf(request),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate,
    keys,
  };
}

function extensionsOf(request: CertificateRequest): Extension[] {
  const { usage = 'client' } = request;
  const extensions: Extension[] = [new BasicConstraintsExtension(request.ca === true, undefined, true)];
  if (request.ca) {
    extensions.push(new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true));
    return extensions;
  }
  if (usage !== 'none') extensions.push(new ExtendedKeyUsageExtension([usage === 'client' ? clientAuth : serverAuth]));
  const names = (request.addresses ?? []).map((value) => ({ type: 'ip' as const, value }));
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(names));
  return extensions;
}
