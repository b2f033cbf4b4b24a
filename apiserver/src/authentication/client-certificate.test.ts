import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@kubelab/component/clock';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import type { Authenticator, UserInfo } from '../contracts.js';
import { parseCertificateAuthorities } from './certificate-chain.js';
import { createClientCertificateAuthenticator } from './client-certificate.js';
import { createFrontProxyAuthenticator } from './front-proxy.js';
import { type Issued, issueCertificate } from './test-certificates.js';

interface Outcome {
  user?: UserInfo;
  error?: string;
  headers?: Record<string, unknown>;
}

let ca: Issued;
let otherCa: Issued;
let serving: Issued;
let server: Server;
let authenticator: Authenticator;

async function ask(client: Partial<Issued>, headers: Record<string, string | string[]> = {}): Promise<Outcome> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      agent: false as const,
      rejectUnauthorized: false,
      headers,
      ...(client.cert && client.key ? { cert: client.cert, key: client.key } : {}),
    };
    const outgoing = httpsRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as Outcome));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

beforeAll(async () => {
  ca = await issueCertificate({ subject: 'CN=kubernetes', ca: true });
  otherCa = await issueCertificate({ subject: 'CN=kubernetes', ca: true });
  serving = await issueCertificate({ subject: 'CN=server', usage: 'server', issuer: ca, addresses: ['127.0.0.1'] });
  server = createServer({
    cert: serving.cert,
    key: serving.key,
    ca: ca.cert,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on('request', (request, response) => {
    authenticator.authenticate(request).then(
      (user) => response.end(JSON.stringify({ user, headers: request.headers })),
      (error: Error) => response.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => server.close());

describe('client certificates', () => {
  beforeEach(() => {
    authenticator = createClientCertificateAuthenticator({
      authorities: parseCertificateAuthorities(ca.cert),
      clock: systemClock,
    });
  });

  test('common name and all organizations become user and groups', async () => {
    const { user } = await ask(await issueCertificate({ subject: 'CN=jane,O=dev,O=ops', issuer: ca }));
    expect(user?.name).toBe('jane');
    expect(user?.groups).toEqual(['dev', 'ops']);
    expect(user?.extra?.['authentication.kubernetes.io/credential-id']?.[0]).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
  });

  test('no certificate is no opinion', async () => {
    expect((await ask({})).user).toBeUndefined();
  });

  test('a certificate without extended usages is good for anything', async () => {
    expect((await ask(await issueCertificate({ subject: 'CN=jane', issuer: ca, usage: 'none' }))).user?.name).toBe(
      'jane',
    );
  });

  test('a certificate of another CA with the same name is refused', async () => {
    const { error } = await ask(await issueCertificate({ subject: 'CN=admin,O=system:masters', issuer: otherCa }));
    expect(error).toBe('x509: certificate signed by unknown authority');
  });

  test('a self-signed certificate is refused', async () => {
    const { error } = await ask(await issueCertificate({ subject: 'CN=admin,O=system:masters' }));
    expect(error).toBe('x509: certificate signed by unknown authority');
  });

  test('a leaf cannot act as a CA', async () => {
    const leaf = await issueCertificate({ subject: 'CN=jane', issuer: ca });
    const forged = await issueCertificate({ subject: 'CN=admin,O=system:masters', issuer: leaf });
    const { error } = await ask({ cert: forged.cert + leaf.cert, key: forged.key });
    expect(error).toBe('x509: certificate signed by unknown authority');
  });

  test('an expired certificate is refused', async () => {
    const { error } = await ask(
      await issueCertificate({ subject: 'CN=jane', issuer: ca, notAfter: new Date(Date.now() - 1000) }),
    );
    expect(error).toContain('x509: certificate has expired or is not yet valid');
  });

  test('a certificate of the future is refused', async () => {
    const notBefore = new Date(Date.now() + 3_600_000);
    const { error } = await ask(await issueCertificate({ subject: 'CN=jane', issuer: ca, notBefore }));
    expect(error).toContain('is before');
  });

  test('a serving certificate is no identity', async () => {
    const { error } = await ask(await issueCertificate({ subject: 'CN=jane', issuer: ca, usage: 'server' }));
    expect(error).toBe('x509: certificate specifies an incompatible key usage');
  });

  test('an intermediate CA that the client sends along is followed', async () => {
    const intermediate = await issueCertificate({ subject: 'CN=intermediate', ca: true, issuer: ca });
    const leaf = await issueCertificate({ subject: 'CN=jane', issuer: intermediate });
    const { user, error } = await ask({ cert: leaf.cert + intermediate.cert, key: leaf.key });
    expect(error).toBeUndefined();
    expect(user?.name).toBe('jane');
  });

  test('validity is looked at with every request of a connection', async () => {
    const clock = new FakeClock(Date.now());
    authenticator = createClientCertificateAuthenticator({ authorities: parseCertificateAuthorities(ca.cert), clock });
    const jane = await issueCertificate({ subject: 'CN=jane', issuer: ca });
    expect((await ask(jane)).user?.name).toBe('jane');
    await clock.advance(3 * 24 * 3_600_000);
    expect((await ask(jane)).error).toContain('is after');
  });

  test('a bundle without certificates is refused at start', () => {
    expect(() => parseCertificateAuthorities('not a certificate')).toThrow('data does not contain any valid');
  });
});

describe('front proxy', () => {
  beforeEach(() => {
    authenticator = createFrontProxyAuthenticator({
      authorities: parseCertificateAuthorities(ca.cert),
      allowedNames: ['front-proxy-client'],
      userNameHeaders: ['X-Remote-User'],
      uidHeaders: ['X-Remote-Uid'],
      groupHeaders: ['X-Remote-Group'],
      extraHeaderPrefixes: ['X-Remote-Extra-'],
      clock: systemClock,
    });
  });

  const named = { 'X-Remote-User': 'jane', 'X-Remote-Group': ['dev', 'ops'], 'X-Remote-Extra-Acme.com%2fTeam': 'a' };

  test('takes the user from headers and takes the headers away', async () => {
    const { user, headers } = await ask(
      await issueCertificate({ subject: 'CN=front-proxy-client', issuer: ca }),
      named,
    );
    expect(user).toEqual({ name: 'jane', groups: ['dev', 'ops'], extra: { 'acme.com/team': ['a'] } });
    expect(Object.keys(headers ?? {}).filter((name) => name.startsWith('x-remote'))).toEqual([]);
  });

  test('headers without a certificate mean nothing', async () => {
    expect((await ask({}, named)).user).toBeUndefined();
  });

  test('another name than the allowed ones is refused', async () => {
    const { error } = await ask(await issueCertificate({ subject: 'CN=jane', issuer: ca }), named);
    expect(error).toBe('x509: subject with cn=jane is not in the allowed list');
  });

  test('a proxy of another CA is refused', async () => {
    const { error } = await ask(await issueCertificate({ subject: 'CN=front-proxy-client', issuer: otherCa }), named);
    expect(error).toBe('x509: certificate signed by unknown authority');
  });
});
