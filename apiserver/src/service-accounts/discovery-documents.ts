/** The documents by which others verify service account tokens: OpenID Connect discovery. */

import type { JsonWebKey } from 'node:crypto';
import type { VerificationKey } from './keys.js';

export interface DiscoveryDocument {
  path: string;
  contentType: string;
  body: string;
}

export interface DiscoveryOptions {
  issuer: string;
  /** --service-account-jwks-uri; by default the JWKS is expected below the issuer. */
  jwksUri?: string;
  keys: readonly VerificationKey[];
}

/**
 * Undefined when the issuer is not an https URL: the documents would be invalid, and upstream does not serve them either. Both paths need
 * authorization (ClusterRole system:service-account-issuer-discovery).
 */
export function discoveryDocuments(options: DiscoveryOptions): DiscoveryDocument[] | undefined {
  if (!options.issuer.startsWith('https://')) return undefined;
  const algorithms = [...new Set(options.keys.map((key) => key.algorithm))].sort();
  const configuration = {
    issuer: options.issuer,
    jwks_uri: options.jwksUri ?? `${options.issuer.replace(/\/$/, '')}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  };
  return [
    { path: '/.well-known/openid-configuration', contentType: 'application/json', body: JSON.stringify(configuration) },
    {
      path: '/openid/v1/jwks',
      contentType: 'application/jwk-set+json',
      body: JSON.stringify({ keys: options.keys.map(toJwk) }),
    },
  ];
}

function toJwk(key: VerificationKey): JsonWebKey {
  const { kty, ...rest } = key.key.export({ format: 'jwk' });
  return { use: 'sig', ...(kty ? { kty } : {}), kid: key.id, alg: key.algorithm, ...rest };
}
