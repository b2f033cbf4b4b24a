/** Tokens of token Secrets: signed, without end, tied to the Secret. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

export interface LegacyTokenSigner {
  sign(account: { namespace: string; name: string; uid: string }, secretName: string): Promise<string>;
}

export function createLegacyTokenSigner(privateKeyPem: Buffer): LegacyTokenSigner {
  const key = createPrivateKey(privateKeyPem);
  const alg = algorithmOf(key);
  const kid = keyId(createPublicKey(privateKeyPem));
  return {
    sign: ({ namespace, name, uid }, secretName) =>
      new SignJWT({
        'kubernetes.io/serviceaccount/namespace': namespace,
        'kubernetes.io/serviceaccount/secret.name': secretName,
        'kubernetes.io/serviceaccount/service-account.name': name,
        'kubernetes.io/serviceaccount/service-account.uid': uid,
      })
        .setProtectedHeader({ alg, kid })
        .setIssuer('kubernetes/serviceaccount')
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .sign(key),
  };
}

const curveAlgorithms: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const algorithm = curveAlgorithms.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (!algorithm) throw new Error(`tokens cannot be signed with a key of type ${key.asymmetricKeyType}`);
  return algorithm;
}

/** Upstream's key id: the hash of the public key, so that every holder of it finds the same. */
function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url');
}
