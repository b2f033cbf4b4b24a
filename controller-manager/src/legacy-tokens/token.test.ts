import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { createLegacyTokenSigner } from './token.js';

const account = { namespace: 'ns', name: 'builder', uid: 'u-1' };
const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey'] | string): Buffer => Buffer.from(key as string);
const pairOf = {
  RS256: () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }),
  ES256: () =>
    generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }),
  ES384: () =>
    generateKeyPairSync('ec', {
      namedCurve: 'P-384',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }),
};

test.each(['RS256', 'ES256', 'ES384'] as const)('signs with %s what the API server looks for', async (alg) => {
  const { privateKey, publicKey } = pairOf[alg]();
  const token = await createLegacyTokenSigner(pem(privateKey)).sign(account, 'builder-token-x');
  const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(publicKey));
  expect(protectedHeader).toMatchObject({ alg, kid: expect.stringMatching(/^[\w-]{43}$/) });
  expect(payload).toEqual({
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:ns:builder',
    'kubernetes.io/serviceaccount/namespace': 'ns',
    'kubernetes.io/serviceaccount/secret.name': 'builder-token-x',
    'kubernetes.io/serviceaccount/service-account.name': 'builder',
    'kubernetes.io/serviceaccount/service-account.uid': 'u-1',
  });
});

test('a key that cannot sign tokens is refused at once', () => {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  expect(() => createLegacyTokenSigner(pem(privateKey))).toThrow('cannot be signed with a key of type ed25519');
  expect(() => createLegacyTokenSigner(Buffer.from('nothing'))).toThrow();
});
