import type { EndpointSlice, Pod } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { meta, node, pod, service } from '../testing/objects.js';
import { planSlices } from './plan.js';

const nodes = (name: string) => node(name, { labels: { 'topology.kubernetes.io/zone': `zone-${name}` } });
const ready = (name: string, more = {}) =>
  pod(name, { ready: true, ip: `10.244.1.${name.length}`, node: 'n1', ...more });
const many = (count: number): Pod[] =>
  Array.from({ length: count }, (_, index) =>
    pod(`p${index}`, { ready: true, ip: `10.1.${index >> 8}.${index % 256}` }),
  );

/** What the server would hold after the plan. */
function stored(drafts: readonly Draft<EndpointSlice>[]): EndpointSlice[] {
  return drafts.map((draft, index) => ({
    ...draft,
    metadata: { ...draft.metadata, ...meta(`web-${index}`, draft.metadata) },
  }));
}

describe('planSlices', () => {
  test('an endpoint with conditions, node, zone and pod', () => {
    const plan = planSlices(service('web'), [ready('a')], nodes, []);
    expect(plan.create).toHaveLength(1);
    expect(plan.create[0]).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.244.1.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'n1',
          zone: 'zone-n1',
          targetRef: { kind: 'Pod', name: 'a' },
        },
      ],
    });
  });

  test.each([
    ['leaving but ready', { ready: true, deleting: true }, false, { ready: false, serving: true, terminating: true }],
    ['not ready', {}, false, { ready: false, serving: false, terminating: false }],
    ['not ready, published', {}, true, { ready: true, serving: false, terminating: false }],
    ['leaving, published', { deleting: true }, true, { ready: true, serving: false, terminating: true }],
  ])('a pod that is %s', (_name, parts, publishNotReadyAddresses, conditions) => {
    const plan = planSlices(
      service('web', { publishNotReadyAddresses }),
      [pod('a', { ip: '10.244.1.1', ...parts })],
      nodes,
      [],
    );
    expect(plan.create[0]?.endpoints[0]?.conditions).toEqual(conditions);
  });

  test('without pods one empty slice says that somebody looked', () => {
    const plan = planSlices(service('web'), [], nodes, []);
    expect(plan.create).toEqual([expect.objectContaining({ endpoints: [], ports: [] })]);
    const again = planSlices(service('web'), [], nodes, stored(plan.create));
    expect(again).toEqual({ create: [], update: [], delete: [] });
  });

  test('a hundred to a slice, and nothing written when nothing changed', () => {
    const plan = planSlices(service('web'), many(250), nodes, []);
    expect(plan.create.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 50]);
    expect(planSlices(service('web'), many(250), nodes, stored(plan.create))).toEqual({
      create: [],
      update: [],
      delete: [],
    });
  });

  test('a change touches one slice only, new endpoints fill gaps', () => {
    const slices = stored(planSlices(service('web'), many(150), nodes, []).create);
    const less = many(151).filter((_, index) => index !== 3);
    const plan = planSlices(service('web'), less, nodes, slices);
    expect(plan.create).toEqual([]);
    expect(plan.delete).toEqual([]);
    expect(plan.update).toHaveLength(1);
    expect(plan.update[0]?.endpoints).toHaveLength(100);
  });

  test('a slice that becomes empty goes when another remains', () => {
    const slices = stored(planSlices(service('web'), many(150), nodes, []).create);
    const plan = planSlices(service('web'), many(100), nodes, slices);
    expect(plan.delete.map(({ metadata }) => metadata.name)).toEqual(['web-1']);
  });

  test('pods with other ports have slices of their own', () => {
    const ports = [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }];
    const spec = (containerPort: number) => ({
      containers: [{ name: 'c', ports: [{ name: 'http', containerPort, protocol: 'TCP' }] }],
    });
    const pods = [ready('a', { spec: spec(80) }), ready('bb', { spec: spec(81) })];
    const plan = planSlices(service('web', { ports }), pods, nodes, []);
    expect(plan.create.map(({ ports: [port] = [] }) => port?.port)).toEqual([80, 81]);
  });

  test('labels of the service are followed, reserved ones are ours', () => {
    const labels = { tier: 'front', 'endpointslice.kubernetes.io/managed-by': 'me' };
    const slices = stored(planSlices(service('web'), [ready('a')], nodes, []).create);
    const [updated] = planSlices(service('web', { clusterIP: 'None' }, { labels }), [ready('a')], nodes, slices).update;
    expect(updated?.metadata.labels).toEqual({
      tier: 'front',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    });
  });

  test('slices of another address family are removed', () => {
    const [slice] = stored(planSlices(service('web'), [ready('a')], nodes, []).create);
    if (!slice) throw new Error('no slice');
    const plan = planSlices(service('web'), [ready('a')], nodes, [{ ...slice, addressType: 'IPv6' }]);
    expect(plan.delete).toHaveLength(1);
    expect(plan.create).toHaveLength(1);
  });
});
