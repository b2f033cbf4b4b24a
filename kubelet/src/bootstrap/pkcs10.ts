/** Loaded only when a certificate is needed: once a year, and it is a large part of what this program could load. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface Pkcs10Options {
  keys: { privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey };
  algorithm: { name: string; namedCurve: string; hash: string };
  commonName: string;
  organization: string;
  alternativeNames: readonly { type: 'dns' | 'ip'; value: string }[];
}

/** A signed PKCS 10 request in PEM. */
export async function createPkcs10(options: Pkcs10Options): Promise<string> {
  const { keys, algorithm, commonName, organization, alternativeNames } = options;
  x509.cryptoProvider.set(webcrypto);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [organization] }, { CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: alternativeNames.length > 0 ? [new x509.SubjectAlternativeNameExtension([...alternativeNames])] : [],
  });
  return `${request.toString('pem')}\n`;
}
