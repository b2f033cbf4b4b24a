/** Keys that sign and verify service account tokens. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

export type SigningAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512';

export interface VerificationKey {
  /** As upstream: base64url of the SHA-256 of the public key's DER, so that every server derives the same id. */
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly key: KeyObject;
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
}

const blockPattern = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const curveAlgorithms: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const algorithm = key.asymmetricKeyType === 'ec' ? curveAlgorithms[curve] : undefined;
  if (!algorithm)
    throw new Error(`unknown private key type ${key.asymmetricKeyType}, must be *rsa.PrivateKey or *ecdsa.PrivateKey`);
  return algorithm;
}

function toVerificationKey(key: KeyObject): VerificationKey {
  const der = key.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('base64url'), algorithm: algorithmOf(key), key };
}

/** From --service-account-signing-key-file. Throws when it is not an RSA or ECDSA private key. */
export function parseSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  return { ...toVerificationKey(createPublicKey(privateKey)), privateKey };
}

/**
 * From one --service-account-key-file: public keys, certificates or private keys, several to a file. Throws when there is none.
 */
export function parseVerificationKeys(pem: string): VerificationKey[] {
  const keys: VerificationKey[] = [];
  for (const [block, label] of pem.matchAll(blockPattern)) {
    if (label === 'EC PARAMETERS') continue;
    keys.push(toVerificationKey(createPublicKey(block)));
  }
  if (keys.length === 0) throw new Error('data does not contain any valid RSA or ECDSA public keys');
  return keys;
}

/** Without duplicates, first wins. */
export function uniqueKeys(keys: readonly VerificationKey[]): VerificationKey[] {
  return [...new Map(keys.map((key) => [key.id, key])).values()];
}
