import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueCertificate } from '../authentication/test-certificates.js';
import { MemoryObjects } from '../authorization/memory-objects.js';
import { componentStatusStore, controlPlaneProbes, fetchHealth, leaderOf } from './component-statuses.js';

let server: Server;
let port: number;
let healthy = true;

beforeAll(async () => {
  const { cert, key } = await issueCertificate({ subject: 'CN=scheduler', usage: 'server' });
  server = createServer({ cert, key }, (_request, response) => {
    response.writeHead(healthy ? 200 : 500).end(healthy ? 'ok' : 'not yet');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  ['d61f659c8ad1_7390f547', 'd61f659c8ad1'],
  ['cp-1.example.com_x', 'cp-1.example.com'],
  ['no-underscore', undefined],
  ['evil.com/path?_x', undefined],
  ['', undefined],
])('the holder %j is on host %s', (holderIdentity, host) => {
  const objects = new MemoryObjects();
  objects.put('leases.coordination.k8s.io', {
    metadata: { namespace: 'kube-system', name: 'kube-scheduler' },
    spec: { holderIdentity },
  });
  expect(leaderOf(objects, 'kube-scheduler')).toBe(host);
  expect(leaderOf(objects, 'kube-controller-manager')).toBeUndefined();
});

test('what a health endpoint says decides', async () => {
  expect(await fetchHealth(`https://127.0.0.1:${port}/healthz`)).toBe('ok');
  healthy = false;
  await expect(fetchHealth(`https://127.0.0.1:${port}/healthz`)).rejects.toThrow(
    'unhealthy http status code: 500 and body: not yet',
  );
});

test('components that do not answer are unhealthy, each by itself', async () => {
  const asked: string[] = [];
  const probes = controlPlaneProbes({
    etcdHealthy: () => Promise.resolve(),
    leaderOf: (lease) => {
      asked.push(lease);
      return undefined;
    },
  });
  const { entries } = await componentStatusStore(probes).list();
  expect(entries[0]?.object.metadata).not.toHaveProperty('creationTimestamp');
  const conditions = entries.map(({ object }) => [object.metadata.name, object['conditions']]);
  expect(conditions[1]).toEqual(['etcd-0', [{ type: 'Healthy', status: 'True', message: 'ok' }]]);
  expect(conditions[2]).toEqual([
    'scheduler',
    [{ type: 'Healthy', status: 'False', error: expect.stringContaining('Get "https://127.0.0.1:10259/healthz": ') }],
  ]);
  expect(asked.sort()).toEqual(['kube-controller-manager', 'kube-scheduler']);
});
