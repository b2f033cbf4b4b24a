import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { forbidden } from '@kubelab/apimachinery/status-error';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createServiceAccountTokenAuthenticator } from '../authentication/service-account-token.js';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { AdmissionPlugin, RequestContext } from '../contracts.js';
import { discoveryDocuments } from './discovery-documents.js';
import { createTokenIssuer } from './issuer.js';
import { parseSigningKey, parseVerificationKeys, uniqueKeys } from './keys.js';
import { createTokenRequestHandler } from './token-request.js';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const signingKey = parseSigningKey(privatePem);

function setUp(more: object = {}, admission: AdmissionPlugin[] = []) {
  const objects = new MemoryObjects();
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  objects.put('serviceaccounts', { metadata: { namespace: 'default', name: 'web', uid: 'sa-1' } });
  objects.put('pods', {
    metadata: { namespace: 'default', name: 'p', uid: 'pod-1' },
    spec: { serviceAccountName: 'web', nodeName: 'n1' },
  });
  objects.put('nodes', { metadata: { name: 'n1', uid: 'node-1' } });
  const handler = createTokenRequestHandler({
    objects,
    clock,
    issuer: createTokenIssuer({ issuer, signingKey, clock }),
    apiAudiences: [issuer],
    admission,
    definition: { group: '', plural: 'serviceaccounts' } as ResourceDefinition,
    ...more,
  });
  const warnings: string[] = [];
  const ask = async (spec: object = {}, name = 'web', metadata: object = {}) => {
    const context = {
      info: { namespace: 'default', name },
      user: { name: 'jane', groups: [] },
      warn: (text: string) => warnings.push(text),
    };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec };
    const { code, object } = await handler.create(context as unknown as RequestContext, body as never, {
      dryRun: false,
    });
    return {
      code,
      spec: object['spec'] as Record<string, unknown>,
      status: object['status'] as { token: string; expirationTimestamp: string },
    };
  };
  return { objects, clock, ask, warnings };
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => '',
    (error: Error) => error.message,
  );
const boundPod = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pod-1' } };

describe('TokenRequest', () => {
  test('gives a token for the API and an hour', async () => {
    const { ask } = setUp();
    const { code, spec, status } = await ask();
    expect(code).toBe(201);
    expect(spec).toEqual({ audiences: [issuer], expirationSeconds: 3600, boundObjectRef: null });
    expect(status.expirationTimestamp).toBe('2026-01-01T01:00:00Z');
    expect(decodeProtectedHeader(status.token)).toEqual({ alg: 'RS256', kid: signingKey.id });
    const now = Date.parse('2026-01-01T00:00:00Z') / 1000;
    expect(decodeJwt(status.token)).toEqual({
      iss: issuer,
      sub: 'system:serviceaccount:default:web',
      aud: [issuer],
      iat: now,
      nbf: now,
      exp: now + 3600,
      jti: expect.any(String),
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'web', uid: 'sa-1' } },
    });
  });

  test('a token for a pod names its node, and authenticates', async () => {
    const { ask, objects, clock } = setUp();
    const { status } = await ask(boundPod);
    const tokens = createServiceAccountTokenAuthenticator({ issuers: [issuer], keys: [signingKey], objects, clock });
    const identity = await tokens.authenticateToken(status.token, [issuer]);
    expect(identity?.user.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/node-name': ['n1'],
      'authentication.kubernetes.io/node-uid': ['node-1'],
    });
  });

  test('what the admission plugin asks for lives on for a year but is renewed within the hour', async () => {
    const { ask } = setUp();
    const { status } = await ask({ ...boundPod, expirationSeconds: 3607 });
    const now = Date.parse('2026-01-01T00:00:00Z') / 1000;
    const claims = decodeJwt(status.token);
    expect(claims.exp).toBe(now + 365 * 24 * 3600);
    expect(claims['kubernetes.io']).toMatchObject({ warnafter: now + 3607 });
    expect(status.expirationTimestamp).toBe('2026-01-01T01:00:07Z');
    const other = await ask({ ...boundPod, expirationSeconds: 3607, audiences: ['vault'] });
    expect(decodeJwt(other.status.token).exp).toBe(now + 3607);
    const off = await setUp({ extendExpiration: false }).ask({ ...boundPod, expirationSeconds: 3607 });
    expect(decodeJwt(off.status.token).exp).toBe(now + 3607);
  });

  test('a limit shortens and warns', async () => {
    const { ask, warnings } = setUp({ maxExpirationSeconds: 7200 });
    expect((await ask({ expirationSeconds: 86_400 })).spec['expirationSeconds']).toBe(7200);
    expect(warnings).toEqual(['requested expiration of 86400 seconds shortened to 7200 seconds']);
  });

  test.each<[string, object, string]>([
    [
      'too short',
      { expirationSeconds: 300 },
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 300: may not specify a duration less than 10 minutes',
    ],
    ['too long', { expirationSeconds: 2 ** 33 }, 'may not specify a duration larger than 2^32 seconds'],
    [
      'bound to a kind that cannot be',
      { boundObjectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
      'cannot bind token to object of type apps/v1, Kind=Deployment',
    ],
    ['bound to nothing', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'gone' } }, 'pods "gone" not found'],
    [
      'bound to a pod of old',
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'x' } },
      'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID in record',
    ],
  ])('%s is refused', async (_what, spec, message) => {
    expect(await messageOf(setUp().ask(spec))).toContain(message);
  });

  test.each<[object, string]>([
    [{ name: 'other' }, 'metadata.name: Invalid value: "other": must match the service account name if specified'],
    [
      { namespace: 'kube-system' },
      'metadata.namespace: Invalid value: "kube-system": must match the service account namespace if specified',
    ],
  ])('a body about another account is refused: %j', async (metadata, why) => {
    expect(await messageOf(setUp().ask({}, 'web', metadata))).toBe(
      `TokenRequest.authentication.k8s.io "web" is invalid: ${why}`,
    );
  });

  test('an unknown account, and the pod of another, are refused', async () => {
    const { objects, ask } = setUp();
    expect(await messageOf(ask({}, 'gone'))).toBe('serviceaccounts "gone" not found');
    objects.put('serviceaccounts', { metadata: { namespace: 'default', name: 'admin' } });
    expect(await messageOf(ask(boundPod, 'admin'))).toContain(
      'cannot bind token for serviceaccount "admin" to pod running with different serviceaccount name.',
    );
  });

  test('admission has its say before anything is signed', async () => {
    const refusing: AdmissionPlugin = {
      name: 'No',
      admit: ({ subresource }) => {
        throw forbidden({ group: '', resource: 'serviceaccounts' }, 'web', `no ${subresource}`);
      },
    };
    expect(await messageOf(setUp({}, [refusing]).ask())).toBe('serviceaccounts "web" is forbidden: no token');
  });
});

describe('keys', () => {
  test('private and public forms of one key have one id', () => {
    const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string;
    const keys = [...parseVerificationKeys(privatePem + publicPem), signingKey];
    expect(uniqueKeys(keys)).toHaveLength(1);
  });

  test('elliptic curves sign with their own algorithm', () => {
    const { privateKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(parseSigningKey(ec.export({ type: 'pkcs8', format: 'pem' }) as string).algorithm).toBe('ES384');
  });

  test('other files are refused', () => {
    expect(() => parseVerificationKeys('nothing')).toThrow('does not contain any valid RSA or ECDSA public keys');
    const { privateKey: ed } = generateKeyPairSync('ed25519');
    expect(() => parseSigningKey(ed.export({ type: 'pkcs8', format: 'pem' }) as string)).toThrow(
      'unknown private key type',
    );
  });
});

describe('discovery documents', () => {
  test('publish the public keys and nothing private', () => {
    const documents = discoveryDocuments({ issuer, keys: [signingKey] }) ?? [];
    const [configuration, keys] = documents.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(documents.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', '/openid/v1/jwks']);
    expect(configuration).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      id_token_signing_alg_values_supported: ['RS256'],
    });
    const [jwk] = (keys?.['keys'] ?? []) as Record<string, unknown>[];
    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test('do not exist for an issuer that is no https URL', () => {
    expect(discoveryDocuments({ issuer: 'kubernetes', keys: [signingKey] })).toBeUndefined();
  });
});
