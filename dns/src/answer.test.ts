import type { EndpointSlice, Service } from '@kubelab/api/types';
import type { Question } from 'dns-packet';
import { answer } from './answer.js';
import { Zone } from './zone.js';

const metadata = { namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function service(name: string, spec: Service['spec']): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, name }, spec };
}

const slice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['10.244.1.2'], conditions: { ready: true }, hostname: 'db-0' },
    { addresses: ['10.244.2.3'], conditions: { ready: true } },
    { addresses: ['10.244.2.9'], conditions: { ready: false } },
  ],
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
} as EndpointSlice;

const zone = new Zone({
  domain: 'cluster.local',
  namespaces: ['default'],
  services: [
    service('web', { clusterIP: '10.96.5.5', clusterIPs: ['10.96.5.5'], ports: [{ name: 'http', port: 80 }] }),
    service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }),
    service('out', { type: 'ExternalName', externalName: 'example.com' }),
  ],
  slices: [slice],
});

function ask(name: string, type: Question['type'] = 'A') {
  return answer({ name, type, class: 'IN' }, zone, 30);
}

function data(name: string, type: Question['type'] = 'A'): unknown[] | undefined {
  return ask(name, type)?.answers.map((record) => (record as { data: unknown }).data);
}

test.each<[string, Question['type'], unknown[]]>([
  ['web.default.svc.cluster.local', 'A', ['10.96.5.5']],
  ['WEB.Default.svc.cluster.local', 'A', ['10.96.5.5']],
  ['db.default.svc.cluster.local', 'A', ['10.244.1.2', '10.244.2.3']],
  ['db-0.db.default.svc.cluster.local', 'A', ['10.244.1.2']],
  ['10-244-2-3.db.default.svc.cluster.local', 'A', ['10.244.2.3']],
  ['10-244-1-2.default.pod.cluster.local', 'A', ['10.244.1.2']],
  [
    '_http._tcp.web.default.svc.cluster.local',
    'SRV',
    [{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }],
  ],
  ['5.5.96.10.in-addr.arpa', 'PTR', ['web.default.svc.cluster.local']],
  ['2.1.244.10.in-addr.arpa', 'PTR', ['db-0.db.default.svc.cluster.local']],
  ['dns-version.cluster.local', 'TXT', ['1.1.0']],
])('%s %s', (name, type, expected) => {
  expect(data(name, type)).toEqual(expected);
});

test('SRV of a headless service leads to each endpoint, with its address beside it', () => {
  const reply = ask('_sql._tcp.db.default.svc.cluster.local', 'SRV');
  expect(reply?.answers).toHaveLength(2);
  expect(reply?.additionals.map((record) => record.name)).toContain('db-0.db.default.svc.cluster.local');
});

test.each([
  'nothing.default.svc.cluster.local',
  'web.elsewhere.svc.cluster.local',
  'elsewhere.svc.cluster.local',
  'a.b.c.web.default.svc.cluster.local',
  'x.cluster.local',
  '_nope._tcp.web.default.svc.cluster.local',
  '10-999-1-2.default.pod.cluster.local',
  '__proto__.default.svc.cluster.local',
])('%s does not exist', (name) => {
  const reply = ask(name);
  expect(reply?.rcode).toBe('NXDOMAIN');
  expect(reply?.authorities[0]?.type).toBe('SOA');
});

test.each(['cluster.local', 'svc.cluster.local', 'default.svc.cluster.local', 'default.pod.cluster.local'])(
  '%s exists but has no address',
  (name) => {
    const reply = ask(name);
    expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [] });
  },
);

test('a service without IPv6 address answers AAAA with nothing rather than "no such name"', () => {
  expect(ask('web.default.svc.cluster.local', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
});

test('an external name is an alias that leads out of the zone', () => {
  expect(ask('out.default.svc.cluster.local')).toMatchObject({
    follow: 'example.com',
    answers: [{ type: 'CNAME', data: 'example.com' }],
  });
});

test('names of other domains and unknown addresses are not ours', () => {
  expect(ask('example.com')).toBeUndefined();
  expect(ask('mycluster.local')).toBeUndefined();
  expect(ask('8.8.8.8.in-addr.arpa', 'PTR')).toBeUndefined();
});
