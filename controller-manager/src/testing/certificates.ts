/** A throwaway CA and the certificates of a test's API server and clients. */

import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const yearMs = 365 * 24 * 3_600_000;

export interface Issued {
  cert: string;
  key: string;
}

export interface TestAuthority extends Issued {
  issue(subject: x509.JsonName, extensions: x509.Extension[]): Promise<Issued>;
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
}

export async function createTestAuthority(): Promise<TestAuthority> {
  x509.cryptoProvider.set(webcrypto);
  const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + yearMs) };
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=kubernetes',
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  let serial = 1;
  return {
    cert: ca.toString('pem'),
    key: await toPem(keys.privateKey),
    issue: async (subject, extensions) => {
      const own = await newKeys();
      serial += 1;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, '0'),
        subject,
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
        extensions,
      });
      return { cert: certificate.toString('pem'), key: await toPem(own.privateKey) };
    },
  };
}

export function issueServing(authority: TestAuthority): Promise<Issued> {
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ]);
  return authority.issue([{ CN: ['kube-apiserver'] }], [names]);
}

export function issueClient(authority: TestAuthority, name: string, groups: readonly string[] = []): Promise<Issued> {
  const usage = new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']);
  return authority.issue([{ CN: [name] }, ...groups.map((group) => ({ O: [group] }))], [usage]);
}

/** RSA, for service account tokens. */
export function createTokenKeys(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
