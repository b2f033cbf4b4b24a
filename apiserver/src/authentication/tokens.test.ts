import { createHmac, generateKeyPairSync } from 'node:crypto';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { SignJWT } from 'jose';
import { MemoryObjects } from '../authorization/memory-objects.js';
import { createTokenIssuer } from '../service-accounts/issuer.js';
import { parseSigningKey, parseVerificationKeys, type SigningKey } from '../service-accounts/keys.js';
import { createBootstrapTokenAuthenticator } from './bootstrap-token.js';
import { createLegacyTokenAuthenticator } from './legacy-token.js';
import { createServiceAccountTokenAuthenticator } from './service-account-token.js';
import { unionTokenAuthenticator } from './token-authenticator.js';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const api = [issuer];

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return parseSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
}

const key = newKey();
const publicPem = key.key.export({ type: 'spki', format: 'pem' }) as string;

function setUp() {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const objects = new MemoryObjects();
  objects.put('serviceaccounts', { metadata: { namespace: 'default', name: 'web', uid: 'sa-1' } });
  objects.put('pods', { metadata: { namespace: 'default', name: 'web-1', uid: 'pod-1' } });
  objects.put('nodes', { metadata: { name: 'node-1', uid: 'node-uid-1' } });
  const tokens = createServiceAccountTokenAuthenticator({
    issuers: [issuer],
    keys: parseVerificationKeys(publicPem),
    objects,
    clock,
  });
  const claims = { namespace: 'default', serviceaccount: { name: 'web', uid: 'sa-1' } };
  const issue = async (
    more: object = {},
    options: { audiences?: string[]; seconds?: number; by?: SigningKey; iss?: string } = {},
  ) => {
    const { audiences = api, seconds = 3600, by = key, iss = issuer } = options;
    const tokenIssuer = createTokenIssuer({ issuer: iss, signingKey: by, clock });
    const issued = await tokenIssuer.issue({ claims: { ...claims, ...more }, audiences, expirationSeconds: seconds });
    return issued.token;
  };
  return { clock, objects, tokens, issue };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('service account tokens', () => {
  test('give the account, its groups and what they are bound to', async () => {
    const { tokens, issue } = setUp();
    const token = await issue({ pod: { name: 'web-1', uid: 'pod-1' }, node: { name: 'node-1', uid: 'node-uid-1' } });
    const identity = await tokens.authenticateToken(token, api);
    expect(identity).toEqual({
      user: {
        name: 'system:serviceaccount:default:web',
        uid: 'sa-1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default'],
        extra: {
          'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=[0-9a-f-]{36}$/)],
          'authentication.kubernetes.io/pod-name': ['web-1'],
          'authentication.kubernetes.io/pod-uid': ['pod-1'],
          'authentication.kubernetes.io/node-name': ['node-1'],
          'authentication.kubernetes.io/node-uid': ['node-uid-1'],
        },
      },
      audiences: api,
    });
  });

  test('expire', async () => {
    const { tokens, issue, clock } = setUp();
    const token = await issue({}, { seconds: 600 });
    await tokens.authenticateToken(token, api);
    await clock.advance(700_000);
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('service account token has expired');
  });

  test('are for their audience only', async () => {
    const { tokens, issue } = setUp();
    const token = await issue({}, { audiences: ['vault'] });
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow(
      `token audiences ["vault"] is invalid for the target audiences ["${issuer}"]`,
    );
    expect((await tokens.authenticateToken(token, ['vault', 'other']))?.audiences).toEqual(['vault']);
  });

  test('are left to others when the issuer is another', async () => {
    const { tokens, issue } = setUp();
    expect(await tokens.authenticateToken(await issue({}, { iss: 'https://elsewhere' }), api)).toBeUndefined();
  });

  test.each([
    ['of a deleted pod', 'pods', 'default', 'web-1'],
    ['of a deleted service account', 'serviceaccounts', 'default', 'web'],
  ])('%s are refused at once', async (_what, resource, namespace, name) => {
    const { tokens, issue, objects } = setUp();
    const token = await issue({ pod: { name: 'web-1', uid: 'pod-1' } });
    await tokens.authenticateToken(token, api);
    objects.remove(resource, namespace, name);
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow(/invalidated|not found/);
  });

  test('of a pod that was made anew under the same name are refused', async () => {
    const { tokens, issue, objects } = setUp();
    const token = await issue({ pod: { name: 'web-1', uid: 'pod-1' } });
    objects.put('pods', { metadata: { namespace: 'default', name: 'web-1', uid: 'pod-2' } });
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('service account token has been invalidated');
  });

  test('of an account that was made anew are refused', async () => {
    const { tokens, issue, objects } = setUp();
    const token = await issue();
    objects.put('serviceaccounts', { metadata: { namespace: 'default', name: 'web', uid: 'sa-2' } });
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow(
      'service account UID (sa-2) does not match claim (sa-1)',
    );
  });

  test('of a pod on its way out work for a minute more', async () => {
    const { tokens, issue, objects, clock } = setUp();
    const token = await issue({ pod: { name: 'web-1', uid: 'pod-1' } });
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    objects.put('pods', { metadata: { namespace: 'default', name: 'web-1', uid: 'pod-1', deletionTimestamp } });
    await clock.advance(30_000);
    expect(await tokens.authenticateToken(token, api)).toBeDefined();
    await clock.advance(31_000);
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('invalidated');
  });

  describe('forged', () => {
    const payload = {
      iss: issuer,
      aud: api,
      exp: Date.parse('2027-01-01T00:00:00Z') / 1000,
      sub: 'system:serviceaccount:kube-system:admin',
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'web', uid: 'sa-1' } },
    };

    test('by another key are refused', async () => {
      const { tokens, issue } = setUp();
      await expect(tokens.authenticateToken(await issue({}, { by: newKey() }), api)).rejects.toThrow(
        'invalid signature',
      );
    });

    test('with alg none are refused', async () => {
      const { tokens } = setUp();
      for (const alg of ['none', 'None', 'NONE']) {
        const token = `${encode({ alg, kid: key.id })}.${encode(payload)}.`;
        await expect(tokens.authenticateToken(token, api)).rejects.toThrow('invalid signature');
      }
    });

    test('by HMAC with the public key as secret are refused', async () => {
      const { tokens } = setUp();
      const body = `${encode({ alg: 'HS256', kid: key.id })}.${encode(payload)}`;
      const signature = createHmac('sha256', publicPem).update(body).digest('base64url');
      await expect(tokens.authenticateToken(`${body}.${signature}`, api)).rejects.toThrow('invalid signature');
    });

    test('by a key of their own header are refused', async () => {
      const { tokens } = setUp();
      const own = newKey();
      const token = await new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', jwk: own.key.export({ format: 'jwk' }) as never, jku: 'https://evil' })
        .sign(own.privateKey);
      await expect(tokens.authenticateToken(token, api)).rejects.toThrow('invalid signature');
    });

    test('by a changed payload are refused', async () => {
      const { tokens, issue } = setUp();
      const [head, , signature] = (await issue()).split('.');
      await expect(tokens.authenticateToken(`${head}.${encode(payload)}.${signature}`, api)).rejects.toThrow(
        'invalid signature',
      );
    });

    test('without expiry or claims are refused though the signature is good', async () => {
      const { tokens } = setUp();
      const sign = (content: Record<string, unknown>) =>
        new SignJWT(content).setProtectedHeader({ alg: 'RS256', kid: key.id }).sign(key.privateKey);
      const { exp: _exp, ...eternal } = payload;
      await expect(tokens.authenticateToken(await sign(eternal), api)).rejects.toThrow('expired');
      const { 'kubernetes.io': _claims, ...bare } = payload;
      await expect(tokens.authenticateToken(await sign(bare), api)).rejects.toThrow('unexpected private claim');
    });

    test.each([
      '',
      '.',
      '..',
      'a.b.c',
      `${'a'.repeat(200_000)}.b.c`,
      'e30.bnVsbA.x',
      'e30.W10.x',
      '\u0000.\u0000.\u0000',
    ])('garbage is nobody’s token (%#)', async (garbage) => {
      const { tokens } = setUp();
      expect(await tokens.authenticateToken(garbage, api)).toBeUndefined();
    });
  });
});

describe('legacy tokens', () => {
  async function legacy(more: Record<string, unknown> = {}) {
    const { objects, clock } = setUp();
    const token = await new SignJWT({
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 'web-token',
      'kubernetes.io/serviceaccount/service-account.name': 'web',
      'kubernetes.io/serviceaccount/service-account.uid': 'sa-1',
      ...more,
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.id })
      .setIssuer('kubernetes/serviceaccount')
      .setSubject('system:serviceaccount:default:web')
      .sign(key.privateKey);
    const data = { token: Buffer.from(token).toString('base64') };
    objects.put('secrets', { metadata: { namespace: 'default', name: 'web-token' }, data });
    const tokens = createLegacyTokenAuthenticator({ keys: [key], objects, clock, apiAudiences: api });
    return { objects, tokens, token };
  }

  test('are good as long as their secret is there', async () => {
    const { objects, tokens, token } = await legacy();
    expect((await tokens.authenticateToken(token, api))?.user.name).toBe('system:serviceaccount:default:web');
    objects.remove('secrets', 'default', 'web-token');
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('service account token has been invalidated');
  });

  test('must be the very one in the secret', async () => {
    const { objects, tokens, token } = await legacy();
    objects.put('secrets', { metadata: { namespace: 'default', name: 'web-token' }, data: { token: 'b3RoZXI=' } });
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('does not match server copy');
  });

  test('with a subject that is not their account are refused', async () => {
    const { tokens, token } = await legacy({ 'kubernetes.io/serviceaccount/service-account.name': 'admin' });
    await expect(tokens.authenticateToken(token, api)).rejects.toThrow('sub claim is invalid');
  });
});

describe('bootstrap tokens', () => {
  const good: Record<string, string> = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  };

  function withSecret(data: Record<string, string>, type = 'bootstrap.kubernetes.io/token') {
    const { objects, clock } = setUp();
    const encoded = Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    );
    objects.put('secrets', {
      metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
      type,
      data: encoded,
    });
    return createBootstrapTokenAuthenticator({ objects, clock, apiAudiences: api });
  }

  test('give the bootstrap user', async () => {
    const identity = await withSecret(good).authenticateToken('abcdef.0123456789abcdef', api);
    expect(identity?.user).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
    });
  });

  test.each([
    ['of the wrong secret part', { ...good, 'token-secret': 'ffffffffffffffff' }, undefined],
    ['that have expired', { ...good, expiration: '2025-12-31T23:59:59Z' }, undefined],
    ['with an expiry that cannot be read', { ...good, expiration: 'tomorrow' }, undefined],
    ['not meant for authentication', { ...good, 'usage-bootstrap-authentication': 'false' }, undefined],
    ['that would give other groups', { ...good, 'auth-extra-groups': 'system:masters' }, undefined],
    ['with another id inside', { ...good, 'token-id': 'fedcba' }, undefined],
    ['in a secret of another type', good, 'Opaque'],
  ])('%s are unknown', async (_what, data, type) => {
    expect(await withSecret(data, type).authenticateToken('abcdef.0123456789abcdef', api)).toBeUndefined();
  });

  test('are not looked for under names that are none', async () => {
    expect(await withSecret(good).authenticateToken('../../x.0123456789abcdef', api)).toBeUndefined();
  });
});

describe('a union of token authenticators', () => {
  const refusing = (message: string) => ({ authenticateToken: () => Promise.reject(new Error(message)) });
  const knowing = { authenticateToken: async () => ({ user: { name: 'jane', groups: [] }, audiences: [] }) };
  const ignorant = { authenticateToken: async () => undefined };

  test('takes the first that knows the token, whatever others say', async () => {
    const identity = await unionTokenAuthenticator([refusing('bad'), ignorant, knowing]).authenticateToken('t', api);
    expect(identity?.user.name).toBe('jane');
  });

  test('tells all errors when nobody knows it', async () => {
    const union = unionTokenAuthenticator([refusing('bad'), ignorant, refusing('worse')]);
    await expect(union.authenticateToken('t', api)).rejects.toThrow('[bad, worse]');
  });
});
