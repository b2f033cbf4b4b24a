import type { Endpoints } from '@kubelab/api/types';
import { ago, pod, service } from '../testing/objects.js';
import { planEndpoints } from './plan.js';
import { hasSelector, resolvePorts } from './pod-endpoints.js';

const ready = (name: string, ip: string, more = {}) => pod(name, { ready: true, ip, node: 'n1', ...more });

describe('planEndpoints', () => {
  test('ready and not ready addresses by ip, with their pods and nodes', () => {
    const pods = [ready('b', '10.244.1.9'), ready('a', '10.244.1.3'), pod('c', { ip: '10.244.2.1', node: 'n2' })];
    const plan = planEndpoints(service('web', {}, { labels: { tier: 'front' } }), pods, undefined);
    expect(plan?.metadata).toMatchObject({
      name: 'web',
      labels: { tier: 'front', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': ago(600) },
    });
    expect(plan?.subsets).toEqual([
      {
        addresses: [
          {
            ip: '10.244.1.3',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
          },
          {
            ip: '10.244.1.9',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'b', uid: 'uid-b' },
          },
        ],
        notReadyAddresses: [
          {
            ip: '10.244.2.1',
            nodeName: 'n2',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'c', uid: 'uid-c' },
          },
        ],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ]);
  });

  test.each([
    ['has no address yet', pod('x', { ready: true })],
    ['has ended', ready('x', '10.244.1.3', { phase: 'Succeeded' })],
    ['is on its way out', ready('x', '10.244.1.3', { deleting: true })],
  ])('a pod that %s is left out', (_why, candidate) => {
    expect(planEndpoints(service('web'), [candidate], undefined)?.subsets).toBeUndefined();
  });

  test('publishNotReadyAddresses makes everything an address, the leaving too', () => {
    const pods = [pod('a', { ip: '10.244.1.3' }), ready('b', '10.244.1.4', { deleting: true })];
    const [subset] = planEndpoints(service('web', { publishNotReadyAddresses: true }), pods, undefined)?.subsets ?? [];
    expect(subset?.addresses).toHaveLength(2);
    expect(subset).not.toHaveProperty('notReadyAddresses');
  });

  test('nothing to write when it is right', () => {
    const pods = [ready('a', '10.244.1.3')];
    const current = planEndpoints(service('web'), pods, undefined) as Endpoints;
    expect(planEndpoints(service('web'), pods, current)).toBeUndefined();
    expect(planEndpoints(service('web'), [], current)).toBeDefined();
  });

  test('more than a thousand are cut, the ready ones last, and it says so', () => {
    const pods = Array.from({ length: 1001 }, (_, index) =>
      pod(`p${index}`, { ip: `10.${index >> 8}.1.${index % 256}`, ready: index === 1000 }),
    );
    const plan = planEndpoints(service('web'), pods, undefined);
    expect(plan?.metadata.annotations?.['endpoints.kubernetes.io/over-capacity']).toBe('truncated');
    expect(plan?.subsets?.[0]?.addresses).toHaveLength(1);
    expect(plan?.subsets?.[0]?.notReadyAddresses).toHaveLength(999);
  });

  test('a headless service without ports lists addresses only', () => {
    const headless = service('web', { clusterIP: 'None', ports: [] });
    const plan = planEndpoints(headless, [ready('a', '10.244.1.3')], undefined);
    expect(plan?.subsets?.[0]).not.toHaveProperty('ports');
    expect(plan?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  test('a pod without the named port is left out, headless or not', () => {
    const ports = [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }];
    for (const clusterIP of ['None', '10.96.0.7'])
      expect(
        planEndpoints(service('web', { clusterIP, ports }), [ready('a', '10.244.1.3')], undefined)?.subsets,
      ).toBeUndefined();
  });

  test('a hostname counts only in the service that is the pod’s subdomain', () => {
    const spec = { hostname: 'db-0', subdomain: 'web' };
    const own = planEndpoints(service('web'), [ready('a', '10.244.1.3', { spec })], undefined);
    expect(own?.subsets?.[0]?.addresses?.[0]?.hostname).toBe('db-0');
    const other = planEndpoints(service('other'), [ready('a', '10.244.1.3', { spec })], undefined);
    expect(other?.subsets?.[0]?.addresses?.[0]).not.toHaveProperty('hostname');
  });
});

describe('resolvePorts', () => {
  const spec = {
    containers: [
      {
        name: 'c',
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'dns', containerPort: 53, protocol: 'UDP' },
        ],
      },
    ],
    initContainers: [
      { name: 'once', ports: [{ name: 'late', containerPort: 1 }] },
      { name: 'sidecar', restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 15000 }] },
    ],
  };
  test.each([
    ['by name', { port: 80, targetPort: 'http' }, 8080],
    ['by number', { port: 80, targetPort: 9000 }, 9000],
    ['absent: the port itself', { port: 80 }, 80],
    ['of a sidecar', { port: 80, targetPort: 'proxy' }, 15000],
    ['not of an init container that ends', { port: 80, targetPort: 'late' }, undefined],
    ['the protocol counts', { port: 80, targetPort: 'dns' }, undefined],
  ])('%s', (_name, port, expected) => {
    expect(resolvePorts(service('web', { ports: [port] }), pod('a', { spec }))[0]?.port).toBe(expected);
  });
});

test('services of others are left alone', () => {
  expect(hasSelector(service('web', { selector: {} }))).toBe(false);
  expect(hasSelector(service('web', { type: 'ExternalName' }))).toBe(false);
  expect(hasSelector(service('web'))).toBe(true);
});
