import { X509Certificate } from 'node:crypto';
import type { PeerCertificates, VerifiedPeer } from './certificate-chain.js';
import { type Issued, issueCertificate } from './test-certificates.js';
import { VerifiedChains } from './verified-chains.js';

const der = ({ cert }: Issued): Buffer => new X509Certificate(cert).raw;
const good = ({ leaf }: PeerCertificates): VerifiedPeer => ({ leaf, notBefore: 0, notAfter: 1 });

let chains: VerifiedChains;
let ann: Buffer;
let bob: Buffer;

beforeAll(async () => {
  ann = der(await issueCertificate({ subject: 'CN=ann' }));
  bob = der(await issueCertificate({ subject: 'CN=bob' }));
});
beforeEach(() => {
  chains = new VerifiedChains();
});

test('a chain is looked at once, and another one for itself', () => {
  let looks = 0;
  const verify = (certificates: PeerCertificates): VerifiedPeer => {
    looks++;
    return good(certificates);
  };
  const first = chains.of([ann], verify);
  expect(chains.of([Buffer.from(ann)], verify)).toBe(first);
  expect(looks).toBe(1);
  expect(chains.of([bob], verify).leaf.subject).toBe('CN=bob');
  // What else is sent along may be what makes a chain good.
  chains.of([ann, bob], verify);
  expect(looks).toBe(3);
});

test('a bad chain is looked at each time', () => {
  const refuse = (): VerifiedPeer => {
    throw new Error('x509: certificate signed by unknown authority');
  };
  for (let attempt = 1; attempt <= 2; attempt++) expect(() => chains.of([ann], refuse)).toThrow('unknown authority');
  expect(chains.of([ann], good).leaf.subject).toBe('CN=ann');
  expect(() => chains.of([Buffer.from('no certificate')], good)).toThrow();
});
