import type { EndpointSlice, Service } from '@kubelab/api/types';
import { findStaleFlows } from './conntrack.js';
import { diffRoutes, planRoutes } from './routes/plan.js';
import { resolveServicePorts } from './service-ports.js';

const metadata = { namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function service(name: string, spec: Service['spec']): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, name }, spec };
}

function slice(name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, name: `${name}-abc`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  } as EndpointSlice;
}

const web = service('web', { clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80 }] });

test('headless and external services are left alone', () => {
  const services = [
    service('headless', { clusterIP: 'None', ports: [{ port: 80 }] }),
    service('external', { type: 'ExternalName', externalName: 'example.com' }),
  ];
  expect(resolveServicePorts(services, [], 'node-1')).toEqual([]);
});

test('only ready endpoints are used, and those of this node are known', () => {
  const slices = [
    slice('web', [
      { addresses: ['10.244.1.2'], conditions: { ready: true }, nodeName: 'node-1' },
      { addresses: ['10.244.2.2'], conditions: { ready: false, serving: false }, nodeName: 'node-2' },
    ]),
  ];
  const [port] = resolveServicePorts([web], slices, 'node-1');
  expect(port?.endpoints).toEqual([{ ip: '10.244.1.2', port: 8080, local: true }]);
  expect(port?.name).toBe('default/web:http');
});

test('endpoints that terminate but serve are used when nothing else is left', () => {
  const conditions = { ready: false, serving: true, terminating: true };
  const [port] = resolveServicePorts([web], [slice('web', [{ addresses: ['10.244.1.2'], conditions }])], 'node-1');
  expect(port?.endpoints).toHaveLength(1);
});

test('a slice without the port gives no endpoint', () => {
  const other = {
    ...slice('web', [{ addresses: ['10.244.1.2'] }]),
    ports: [{ name: 'admin', port: 1 }],
  } as EndpointSlice;
  expect(resolveServicePorts([web], [other], 'node-1')[0]?.endpoints).toEqual([]);
});

test('UDP flows to lost endpoints are forgotten, TCP flows are not', () => {
  const udp = service('dns', { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 53, protocol: 'UDP' }] });
  const before = resolveServicePorts(
    [udp, web],
    [slice('dns', [{ addresses: ['10.244.1.5'] }]), slice('web', [{ addresses: ['10.244.1.6'] }])],
    'n',
  );
  const after = resolveServicePorts([udp, web], [], 'n');
  expect(findStaleFlows(before, after)).toEqual([{ address: '10.96.0.10', port: 53, endpoint: '10.244.1.5' }]);
  expect(findStaleFlows(after, before)).toEqual([{ address: '10.96.0.10', port: 53 }]);
});

test('routes go to every other node that has a range and an address', () => {
  const node = (name: string, podCIDR: string | undefined, address: string) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadata, name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  });
  const nodes = [
    node('a', '10.244.0.0/24', '1.1.1.1'),
    node('b', '10.244.1.0/24', '1.1.1.2'),
    node('c', undefined, '1.1.1.3'),
  ];
  expect(planRoutes(nodes, 'a')).toEqual([{ destination: '10.244.1.0/24', gateway: '1.1.1.2' }]);
});

test('a route whose gateway moved is replaced, not removed', () => {
  const wanted = [{ destination: '10.244.1.0/24', gateway: '1.1.1.9' }];
  const present = [
    { destination: '10.244.1.0/24', gateway: '1.1.1.2' },
    { destination: '10.244.7.0/24', gateway: '1.1.1.7' },
  ];
  expect(diffRoutes(wanted, present)).toEqual({ replace: wanted, remove: [present[1]] });
});
