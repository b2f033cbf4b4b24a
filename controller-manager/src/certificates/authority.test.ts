import 'reflect-metadata';
import { generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { CertificateAuthority, certificateEnd, readRequest } from './authority.js';

cryptoProvider.set(webcrypto);

const now = Date.parse('2026-01-01T12:00:00Z');
const yearMs = 365 * 24 * 3_600_000;
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

function toPem(der: ArrayBuffer): string {
  const text =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${text.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function createCa(algorithm: typeof ecdsa | typeof rsa, endsMs = now + 10 * yearMs) {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=kubernetes',
    notBefore: new Date(now - yearMs),
    notAfter: new Date(endsMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const key = toPem(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return {
    certificate: new X509Certificate(certificate.toString('pem')),
    authority: new CertificateAuthority({ cert: Buffer.from(certificate.toString('pem')), key: Buffer.from(key) }),
  };
}

async function createRequest(options: { names?: { type: 'dns' | 'ip' | 'email' | 'url'; value: string }[] } = {}) {
  const keys = (await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: ['system:node:n1'] }],
    keys,
    signingAlgorithm: ecdsa,
    extensions: options.names ? [new SubjectAlternativeNameExtension(options.names)] : [],
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

const usages = ['digital signature', 'key encipherment', 'server auth'];

describe('readRequest', () => {
  test('tells who asks for what', async () => {
    const names = [
      { type: 'dns' as const, value: 'n1' },
      { type: 'ip' as const, value: '172.18.0.5' },
      { type: 'email' as const, value: 'a@b.c' },
      { type: 'url' as const, value: 'spiffe://x' },
    ];
    const { identity } = await readRequest(await createRequest({ names }));
    expect(identity).toEqual({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      dnsNames: ['n1'],
      ipAddresses: ['172.18.0.5'],
      emails: 1,
      otherNames: 1,
    });
  });

  test('refuses what is no request, and a request whose signature is wrong', async () => {
    await expect(readRequest(Buffer.from('hello').toString('base64'))).rejects.toThrow();
    const pem = Buffer.from(await createRequest(), 'base64').toString();
    const [head = '', ...lines] = pem.trim().split('\n');
    const der = Buffer.from(lines.slice(0, -1).join(''), 'base64');
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
    const broken = [head, der.toString('base64'), lines.at(-1)].join('\n');
    await expect(readRequest(Buffer.from(broken).toString('base64'))).rejects.toThrow();
  });
});

describe.each([
  ['ECDSA', ecdsa],
  ['RSA', rsa],
])('an authority with an %s key', (_name, algorithm) => {
  test('signs certificates that its own certificate verifies', async () => {
    const { authority, certificate } = await createCa(algorithm);
    const { csr } = await readRequest(await createRequest({ names: [{ type: 'dns', value: 'n1' }] }));
    const pem = await authority.sign(csr, { usages, lifetimeSeconds: 3600, nowMs: now });
    const signed = new X509Certificate(pem);
    expect(signed.verify(certificate.publicKey)).toBe(true);
    expect(signed.checkIssued(certificate)).toBe(true);
    expect(signed.ca).toBe(false);
    expect(signed.subject.split('\n')).toEqual(['O=system:nodes', 'CN=system:node:n1']);
    expect(signed.subjectAltName).toBe('DNS:n1');
    expect(signed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(new Date(signed.validTo).getTime()).toBe(now + 3_600_000);
    expect(new Date(signed.validFrom).getTime()).toBe(now - 300_000);
  });
});

test('no certificate outlives its authority', async () => {
  const { authority } = await createCa(ecdsa, now + 60_000);
  const { csr } = await readRequest(await createRequest());
  const pem = await authority.sign(csr, { usages, lifetimeSeconds: 3600, nowMs: now });
  expect(certificateEnd(Buffer.from(pem).toString('base64'))).toBe(now + 60_000);
});

test('the end of what is no certificate is not known', () => {
  expect(certificateEnd(undefined)).toBeUndefined();
  expect(certificateEnd(Buffer.from('no certificate').toString('base64'))).toBeUndefined();
});

test('a key that is none is refused', async () => {
  const { certificate } = await createCa(ecdsa);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
  const authority = new CertificateAuthority({ cert: Buffer.from(certificate.toString()), key });
  const { csr } = await readRequest(await createRequest());
  await expect(authority.sign(csr, { usages, lifetimeSeconds: 3600, nowMs: now })).rejects.toThrow();
});
