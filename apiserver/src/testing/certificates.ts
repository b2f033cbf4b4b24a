/** A throwaway CA with a serving certificate, for servers that live as long as a test. */

import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface TestCertificates {
  ca: string;
  cert: string;
  key: string;
  /** RSA, for service account tokens. */
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
  /** A client certificate of the same CA. */
  issueClient(commonName: string, organizations?: readonly string[]): Promise<{ cert: string; key: string }>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const yearMs = 365 * 24 * 3600 * 1000;

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
}

export async function createTestCertificates(): Promise<TestCertificates> {
  x509.cryptoProvider.set(webcrypto);
  const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + yearMs) };
  const caKeys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test-ca',
    keys: caKeys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  let serial = 1;
  const issue = async (
    subject: string | x509.JsonName,
    extensions: x509.Extension[],
  ): Promise<{ cert: string; key: string }> => {
    const keys = await newKeys();
    serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(2, '0'),
      subject,
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: algorithm,
      ...validity,
      extensions,
    });
    return { cert: certificate.toString('pem'), key: await toPem(keys.privateKey) };
  };
  const serving = await issue('CN=kube-apiserver', [
    new x509.SubjectAlternativeNameExtension([
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
    ]),
  ]);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ca: ca.toString('pem'),
    ...serving,
    serviceAccountKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serviceAccountPublicKey: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    issueClient: (commonName, organizations = []) =>
      issue(
        [{ CN: [commonName] }, ...organizations.map((name) => ({ O: [name] }))],
        [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'])],
      ),
  };
}
