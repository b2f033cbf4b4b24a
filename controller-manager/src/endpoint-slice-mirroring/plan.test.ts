import type { EndpointSlice, Endpoints } from '@kubelab/api/types';
import type { Draft } from '@kubelab/apimachinery/meta';
import { meta, service } from '../testing/objects.js';
import { isMirrored, planMirror } from './plan.js';

const endpoints = (subsets: NonNullable<Endpoints['subsets']>, more: object = {}): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: meta('db', more),
  subsets,
});
const bare = service('db', { selector: {} });
const stored = (drafts: readonly Draft<EndpointSlice>[]): EndpointSlice[] =>
  drafts.map((draft, index) => ({ ...draft, metadata: { ...draft.metadata, ...meta(`db-${index}`, draft.metadata) } }));

describe('isMirrored', () => {
  test.each<[string, Endpoints | undefined, typeof bare | undefined, boolean]>([
    ['a service without a selector', endpoints([]), bare, true],
    ['a service with one', endpoints([]), service('db'), false],
    ['no service', endpoints([]), undefined, false],
    ['no endpoints', undefined, bare, false],
    ['asked not to', endpoints([], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }), bare, false],
    [
      'a leader’s lock',
      endpoints([], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
      bare,
      false,
    ],
  ])('%s', (_name, of, by, expected) => {
    expect(isMirrored(of, by)).toBe(expected);
  });
});

const subset = {
  addresses: [{ ip: '192.0.2.1', hostname: 'a' }],
  notReadyAddresses: [{ ip: '192.0.2.2' }],
  ports: [{ name: 'sql', port: 5432 }],
};

test('addresses become endpoints, labels and annotations come along', () => {
  const annotations = {
    team: 'a',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'endpoints.kubernetes.io/last-change-trigger-time': 't',
  };
  const plan = planMirror(endpoints([subset], { labels: { app: 'db' }, annotations }), []);
  expect(plan).toMatchObject({ update: [], delete: [], skipped: 0 });
  expect(plan.create).toEqual([
    expect.objectContaining({
      addressType: 'IPv4',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['192.0.2.1'], conditions: { ready: true }, hostname: 'a' },
        { addresses: ['192.0.2.2'], conditions: { ready: false } },
      ],
      metadata: expect.objectContaining({
        generateName: 'db-',
        annotations: { team: 'a' },
        labels: {
          app: 'db',
          'kubernetes.io/service-name': 'db',
          'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
        },
        ownerReferences: [expect.objectContaining({ kind: 'Endpoints', name: 'db' })],
      }),
    }),
  ]);
});

test('both families and different ports have slices of their own', () => {
  const plan = planMirror(
    endpoints([
      subset,
      { addresses: [{ ip: '2001:db8::1' }], ports: [{ name: 'sql', port: 5432 }] },
      { addresses: [{ ip: '192.0.2.3' }], ports: [{ port: 1 }] },
    ]),
    [],
  );
  expect(plan.create.map(({ addressType, ports }) => `${addressType} ${ports?.[0]?.port}`)).toEqual([
    'IPv4 5432',
    'IPv6 5432',
    'IPv4 1',
  ]);
});

test('what is there is used again, nothing is written when nothing changed', () => {
  const slices = stored(planMirror(endpoints([subset]), []).create);
  expect(planMirror(endpoints([subset]), slices)).toEqual({ create: [], update: [], delete: [], skipped: 0 });
  const changed = planMirror(endpoints([{ ...subset, notReadyAddresses: [] }]), slices);
  expect(changed.update.map(({ metadata, endpoints: list }) => `${metadata.name} ${list?.length}`)).toEqual(['db-0 1']);
  expect(planMirror(endpoints([]), slices).delete).toHaveLength(1);
});

test('a thousand addresses per subset, and it says how many were left out', () => {
  const addresses = Array.from({ length: 1003 }, (_, index) => ({ ip: `10.0.${index >> 8}.${index % 256}` }));
  const plan = planMirror(endpoints([{ addresses, ports: [] }]), []);
  expect(plan.create[0]?.endpoints).toHaveLength(1000);
  expect(plan.skipped).toBe(3);
});
