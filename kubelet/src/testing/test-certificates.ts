import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface TestPair {
  /** PEM. */
  cert: string;
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const notBefore = new Date(Date.now() - 3_600_000);
const notAfter = new Date(Date.now() + 3_600_000);

/** A CA that signs whatever a test needs. */
export class TestAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;
  #serial = 1;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(): Promise<TestAuthority> {
    x509.cryptoProvider.set(webcrypto);
    const keys = await generate();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=test-ca',
      keys,
      signingAlgorithm: algorithm,
      notBefore,
      notAfter,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(keys, certificate);
  }

  get cert(): string {
    return this.#certificate.toString('pem');
  }

  async issue(subject: {
    commonName: string;
    organizations?: string[];
    dnsNames?: string[];
    ips?: string[];
  }): Promise<TestPair> {
    const keys = await generate();
    const { commonName, organizations = [], dnsNames = [], ips = [] } = subject;
    const names = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...ips.map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: String(this.#serial++),
      subject: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }],
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore,
      notAfter,
      extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return {
      cert: certificate.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
    };
  }

  /** Signs a PKCS 10 request as a cluster's signer does. */
  async sign(requestPem: string): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    if (!(await request.verify())) throw new Error('the request is not signed by its key');
    const names = request.getExtension('2.5.29.17');
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: String(this.#serial++),
      subject: request.subject,
      issuer: this.#certificate.subject,
      publicKey: await request.publicKey.export(),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore,
      notAfter,
      extensions: names ? [names] : [],
    });
    return certificate.toString('pem');
  }
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}
