import { webcrypto } from 'node:crypto';

export interface RequestSubject {
  commonName: string;
  organization: string;
  dnsNames?: readonly string[];
  ips?: readonly string[];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A fresh private key, PKCS 8 PEM. */
export async function generateKey(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return toPem('PRIVATE KEY', der);
}

/** A PKCS 10 request in PEM, signed with the key. */
export async function createRequest(keyPem: string, subject: RequestSubject): Promise<string> {
  // A package that is imported lazily comes without its names when bundled, so that a file of ours does it.
  const { createPkcs10 } = await import('./pkcs10.js');
  const privateKey = await importKey(keyPem);
  return createPkcs10({
    keys: { privateKey, publicKey: await publicOf(privateKey) },
    algorithm,
    commonName: subject.commonName,
    organization: subject.organization,
    alternativeNames: [
      ...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(subject.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
    ],
  });
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
}

async function publicOf(privateKey: webcrypto.CryptoKey): Promise<webcrypto.CryptoKey> {
  const { d: _secret, key_ops: _operations, ...jwk } = await webcrypto.subtle.exportKey('jwk', privateKey);
  return await webcrypto.subtle.importKey('jwk', { ...jwk, key_ops: ['verify'] }, algorithm, true, ['verify']);
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
