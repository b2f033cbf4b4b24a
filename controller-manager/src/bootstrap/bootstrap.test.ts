import type { ConfigMap, Secret } from '@kubelab/api/types';
import { meta, now } from '../testing/objects.js';
import { detachedSignature, signedData } from './signature.js';
import { signingToken, untilExpired } from './token-secret.js';

function secret(fields: Record<string, string> = {}, more: Partial<Secret> = {}): Secret {
  const all = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    ...fields,
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('bootstrap-token-abcdef', { namespace: 'kube-system' }),
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(all).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    ...more,
  };
}
const clusterInfo = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta('cluster-info'),
  data,
});

test('the signature is the one that kubeadm expects', () => {
  const content = 'Hello from the other side. I must have called a thousand times.';
  expect(detachedSignature(content, { id: 'joshua', secret: 'my voice is my passcode' })).toBe(
    'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
  );
});

describe('cluster-info', () => {
  const token = { id: 'abcdef', secret: '0123456789abcdef' };
  test('has one signature per token; others go; the rest stays', () => {
    const data = signedData(clusterInfo({ kubeconfig: 'K', note: 'n', 'jws-kubeconfig-gone00': 'x' }), [token]);
    expect(data).toEqual({ kubeconfig: 'K', note: 'n', 'jws-kubeconfig-abcdef': detachedSignature('K', token) });
    expect(signedData(clusterInfo(data ?? {}), [token])).toBeUndefined();
  });

  test('without a kubeconfig there is nothing to sign', () => {
    expect(signedData(clusterInfo({ 'jws-kubeconfig-abcdef': 'x' }), [token])).toEqual({});
    expect(signedData(clusterInfo({}), [token])).toBeUndefined();
  });
});

describe('a token', () => {
  test('signs when it is whole', () => {
    expect(signingToken(secret(), now)).toEqual({ id: 'abcdef', secret: '0123456789abcdef' });
  });

  test.each<[string, Secret]>([
    ['is not for signing', secret({ 'usage-bootstrap-signing': 'false' })],
    ['has ended', secret({ expiration: '2026-01-01T11:00:00Z' })],
    ['ends at no time', secret({ expiration: 'soon' })],
    ['has a bad id', secret({ 'token-id': 'ABC' })],
    ['has a short secret', secret({ 'token-secret': 'x' })],
    ['has another name', secret({ 'token-id': 'ghijkl' })],
    ['is of another type', secret({}, { type: 'Opaque' })],
    ['lies elsewhere', secret({}, { metadata: meta('bootstrap-token-abcdef') })],
    [
      'is being deleted',
      secret({}, { metadata: meta('bootstrap-token-abcdef', { namespace: 'kube-system', deletionTimestamp: 'now' }) }),
    ],
  ])('does not sign when it %s', (_why, of) => {
    expect(signingToken(of, now)).toBeUndefined();
  });

  test('ends when it says', () => {
    expect(untilExpired(secret(), now)).toBeUndefined();
    expect(untilExpired(secret({ expiration: '2026-01-01T14:00:00+01:00' }), now)).toBe(3_600_000);
    expect(untilExpired(secret({ expiration: '2026-01-01T11:59:59Z' }), now)).toBe(0);
  });
});
