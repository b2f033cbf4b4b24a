/** Makes keys and certificates: ECDSA P-256 for TLS, RSA for the service account key (upstream's RS256 tokens). */

import 'reflect-metadata';
import { generateKeyPair, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import type { CertificateSpec } from './inventory.js';

/** PEM texts; the key is PKCS #8. */
export interface KeyPair {
  certificate: string;
  key: string;
}

export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signature = { name: 'ECDSA', hash: 'SHA-256' } as const;
const { subtle } = webcrypto;

x509.cryptoProvider.set(webcrypto);

export async function issueAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const keys = await subtle.generateKey(curve, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity,
    keys: keys,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

export async function issueCertificate(
  spec: CertificateSpec,
  authority: KeyPair,
  validity: Validity,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await subtle.importKey('pkcs8', pemBytes(authority.key), curve, false, ['sign']);
  const keys = await subtle.generateKey(curve, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...(spec.organization ? [{ O: [spec.organization] }] : []), { CN: [spec.commonName] }],
    issuer: issuer.subject,
    ...validity,
    publicKey: keys.publicKey,
    signingKey: signingKey,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(spec.usages.map(extendedUsage)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(spec.hosts.length > 0 ? [new x509.SubjectAlternativeNameExtension(spec.hosts.map(generalName))] : []),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

/** The service account key: signs tokens, is published as a key set. */
export async function generateServiceAccountKey(): Promise<{ privateKey: string; publicKey: string }> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

function extendedUsage(usage: 'server' | 'client'): string {
  return usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
}

function generalName(host: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(host) ? 'ip' : 'dns', value: host };
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  // Positive and without a leading zero byte, as DER wants its integers.
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function toPem(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<KeyPair> {
  const bytes = Buffer.from(await subtle.exportKey('pkcs8', key));
  const lines = bytes.toString('base64').match(/.{1,64}/g)!;
  return {
    certificate: `${certificate.toString('pem').trim()}\n`,
    key: ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n'),
  };
}

function pemBytes(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}
