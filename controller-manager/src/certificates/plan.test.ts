import type { CertificateSigningRequest } from '@kubelab/api/types';
import { ago, meta, node, now } from '../testing/objects.js';
import {
  apiClientSigner,
  clientAccess,
  clientSigner,
  isApproved,
  isDecided,
  isOwnServingRequest,
  isStale,
  lifetimeSeconds,
  type RequestedIdentity,
  servingSigner,
  signingProblem,
} from './plan.js';

type Csr = CertificateSigningRequest;
const user = 'system:node:n1';
const clientUsages = ['digital signature', 'key encipherment', 'client auth'];
const servingUsages = ['digital signature', 'server auth'];

function csr(spec: Partial<Csr['spec']> = {}, status?: Csr['status'], created = 10): Csr {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: meta('csr-1', { creationTimestamp: ago(created) }),
    spec: { request: '', signerName: clientSigner, usages: clientUsages, username: 'system:bootstrap:abcdef', ...spec },
    ...(status ? { status } : {}),
  };
}
const identity = (more: Partial<RequestedIdentity> = {}): RequestedIdentity => ({
  commonName: user,
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emails: 0,
  otherNames: 0,
  ...more,
});

describe('clientAccess', () => {
  test('a bootstrapping node asks for nodeclient, a renewing one for either', () => {
    expect(clientAccess(csr(), identity())).toEqual(['nodeclient']);
    expect(clientAccess(csr({ username: user }), identity())).toEqual(['selfnodeclient', 'nodeclient']);
  });

  test('key encipherment may be missing: not every key can', () => {
    expect(clientAccess(csr({ usages: ['client auth', 'digital signature'] }), identity())).toEqual(['nodeclient']);
  });

  test.each<[string, Csr, RequestedIdentity]>([
    ['another signer', csr({ signerName: apiClientSigner }), identity()],
    ['another group', csr(), identity({ organizations: ['system:masters'] })],
    ['a second group', csr(), identity({ organizations: ['system:nodes', 'system:masters'] })],
    ['no node name', csr(), identity({ commonName: 'admin' })],
    ['names', csr(), identity({ dnsNames: ['n1'] })],
    ['more usages', csr({ usages: [...clientUsages, 'cert sign'] }), identity()],
    ['server auth', csr({ usages: servingUsages }), identity()],
  ])('nothing for %s', (_name, request, who) => {
    expect(clientAccess(request, who)).toEqual([]);
  });
});

describe('isOwnServingRequest', () => {
  const serving = csr({
    signerName: servingSigner,
    usages: servingUsages,
    username: user,
    groups: ['system:nodes', 'system:authenticated'],
  });
  const own = node('n1');
  own.status = {
    addresses: [
      { type: 'InternalIP', address: '172.18.0.5' },
      { type: 'Hostname', address: 'n1' },
    ],
  };
  const names = { dnsNames: ['n1'], ipAddresses: ['172.18.0.5'] };

  test('a node may certify what it reports', () => {
    expect(isOwnServingRequest(serving, identity(names), own)).toBe(true);
  });

  test.each<[string, Csr, RequestedIdentity, typeof own | undefined]>([
    ['an address of another', serving, identity({ ...names, ipAddresses: ['172.18.0.6'] }), own],
    ['no names', serving, identity(), own],
    ['a URI', serving, identity({ ...names, otherNames: 1 }), own],
    ['an unknown node', serving, identity(names), undefined],
    ['another node’s name', serving, identity(names), { ...own, metadata: { ...own.metadata, name: 'n2' } }],
    [
      'asked for by another',
      { ...serving, spec: { ...serving.spec, username: 'system:node:n2' } },
      identity(names),
      own,
    ],
    [
      'asked for by somebody outside system:nodes',
      { ...serving, spec: { ...serving.spec, groups: [] } },
      identity(names),
      own,
    ],
  ])('not: %s', (_name, request, who, of) => {
    expect(isOwnServingRequest(request, who, of)).toBe(false);
  });
});

describe('signingProblem', () => {
  const serving = csr({ signerName: servingSigner, usages: servingUsages });
  const client = csr({ signerName: apiClientSigner });
  test.each<[string, Csr, RequestedIdentity, string | undefined]>([
    ['a node’s client certificate', csr(), identity(), undefined],
    ['a node’s serving certificate', serving, identity({ dnsNames: ['n1'] }), undefined],
    ['any client', client, identity({ organizations: ['devs'], commonName: 'jane' }), undefined],
    ['a stranger as a node', csr(), identity({ organizations: [] }), 'subject organization is not system:nodes'],
    [
      'a node without the prefix',
      csr(),
      identity({ commonName: 'n1' }),
      'subject common name does not begin with system:node:',
    ],
    [
      'a client certificate with a name',
      csr(),
      identity({ ipAddresses: ['::1'] }),
      'IP subjectAltNames are not allowed',
    ],
    ['a client certificate with an address', csr(), identity({ emails: 1 }), 'Email subjectAltNames are not allowed'],
    ['a serving certificate without names', serving, identity(), 'DNS or IP subjectAltName is required'],
    [
      'wrong usages',
      csr({ usages: servingUsages }),
      identity(),
      'usages did not match [client auth digital signature key encipherment]',
    ],
    [
      'a client that wants to serve',
      csr({ signerName: apiClientSigner, usages: servingUsages }),
      identity(),
      'invalid usage for client certificate: server auth',
    ],
    [
      'a client that does not want to be one',
      csr({ signerName: apiClientSigner, usages: ['digital signature'] }),
      identity(),
      'missing required usage for client certificate: client auth',
    ],
  ])('%s', (_name, request, who, problem) => {
    expect(signingProblem(request, who)).toBe(problem);
  });
});

test('decided and approved', () => {
  const condition = (type: string) => ({ type, status: 'True', lastUpdateTime: ago(5) });
  expect(isDecided(csr())).toBe(false);
  expect(isApproved(csr({}, { conditions: [condition('Approved')] }))).toBe(true);
  expect(isApproved(csr({}, { conditions: [condition('Denied')] }))).toBe(false);
  expect(isApproved(csr({}, { conditions: [condition('Approved'), condition('Failed')] }))).toBe(false);
});

test.each([
  [undefined, 31_536_000],
  [3600, 3600],
  [60, 600],
  [10 ** 9, 31_536_000],
])('asked for %s seconds, lives %i', (expirationSeconds, expected) => {
  const request = csr(expirationSeconds === undefined ? {} : { expirationSeconds });
  expect(lifetimeSeconds(request, 365 * 24 * 3_600_000)).toBe(expected);
});

describe('isStale', () => {
  const condition = (type: string, seconds: number) => ({
    conditions: [{ type, status: 'True', lastUpdateTime: ago(seconds) }],
  });
  test.each<[string, Csr, boolean]>([
    ['pending for 23 hours', csr({}, undefined, 82_800), false],
    ['pending for 25 hours', csr({}, undefined, 90_000), true],
    ['issued 59 minutes ago', csr({}, { ...condition('Approved', 3540), certificate: 'x' }), false],
    ['issued 61 minutes ago', csr({}, { ...condition('Approved', 3660), certificate: 'x' }), true],
    ['approved but not issued for 2 hours', csr({}, condition('Approved', 7200)), false],
    ['denied 61 minutes ago', csr({}, condition('Denied', 3660)), true],
    ['failed 61 minutes ago', csr({}, condition('Failed', 3660)), true],
  ])('%s', (_name, request, expected) => {
    expect(isStale(request, now)).toBe(expected);
  });

  test('a certificate that has ended', () => {
    const issued = csr({}, { ...condition('Approved', 60), certificate: 'x' });
    expect(isStale(issued, now, now - 1)).toBe(true);
    expect(isStale(issued, now, now + 1)).toBe(false);
  });
});
