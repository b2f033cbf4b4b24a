/** Kinds with ways of their own: computed, announced by the server, or refused until somebody acts on them. */

import { eventually } from '@kubelab/testkit/eventually';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { TestClient } from '../testing/test-client.js';

let test: TestApiserver;
let client: TestClient;

beforeAll(async () => {
  test = await startTestApiserver();
  client = test.admin;
});
afterAll(() => test.close());

describe('APIServices', () => {
  const path = '/apis/apiregistration.k8s.io/v1/apiservices';

  it('announce every group version of the server as available', async () => {
    await eventually(async () => expect((await client.get(path)).body.items.length).toBeGreaterThan(18));
    const { body } = await client.get(`${path}/v1.apps`);
    expect(body.spec).toMatchObject({ group: 'apps', version: 'v1' });
    expect(body.status.conditions).toMatchObject([{ type: 'Available', status: 'True', reason: 'Local' }]);
    expect((await client.get(`${path}/v2.autoscaling`)).code).toBe(200);
    expect((await client.get(`${path}/v1.apiregistration.k8s.io`)).code).toBe(404);
  });

  it('come back when somebody deletes them', async () => {
    await client.delete(`${path}/v1.batch`);
    await eventually(async () => expect((await client.get(`${path}/v1.batch`)).code).toBe(200));
  });

  it('of other servers are refused', async () => {
    const spec = {
      group: 'x.example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 10,
      service: { name: 'a', namespace: 'b' },
    };
    const refused = await client.post(path, { metadata: { name: 'v1.x.example.com' }, spec });
    expect([refused.code, refused.body.message]).toEqual([
      422,
      expect.stringContaining('aggregated API servers are not supported'),
    ]);
  });
});

it('component statuses are computed', async () => {
  const { body } = await client.get('/api/v1/componentstatuses');
  expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
    'controller-manager',
    'etcd-0',
    'scheduler',
  ]);
  const etcd = await client.get('/api/v1/componentstatuses/etcd-0');
  expect(etcd.body.conditions).toEqual([{ type: 'Healthy', status: 'True', message: 'ok' }]);
  expect(etcd.headers['warning']).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
  const endpoints = await client.get('/api/v1/endpoints');
  expect(endpoints.headers['warning']).toBe(
    '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
  );
  expect((await client.get('/api/v1/componentstatuses/none')).code).toBe(404);
  expect((await client.get('/api/v1/componentstatuses?watch=true')).code).toBe(405);
});

it.each([
  ['validatingwebhookconfigurations', {}, 'admission webhooks are not supported'],
  ['mutatingwebhookconfigurations', { webhooks: [] }, 'admission webhooks are not supported'],
  ['validatingadmissionpolicies', { spec: {} }, 'admission policies (CEL) are not supported'],
  ['validatingadmissionpolicybindings', { spec: {} }, 'admission policies (CEL) are not supported'],
])('%s cannot be created', async (plural, rest, message) => {
  const path = `/apis/admissionregistration.k8s.io/v1/${plural}`;
  const refused = await client.post(path, { metadata: { name: 'x' }, ...rest });
  expect([refused.code, refused.body.message]).toEqual([422, expect.stringContaining(message)]);
  expect((await client.get(path)).body.items).toEqual([]);
});

describe('storage and flow control', () => {
  it.each([
    ['storage.k8s.io', 'csidrivers', { spec: {} }, { spec: { attachRequired: true } }],
    ['storage.k8s.io', 'csinodes', { spec: { drivers: [{ name: 'd', nodeID: 'n' }] } }, {}],
    [
      'storage.k8s.io',
      'volumeattachments',
      { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
      { status: { attached: false } },
    ],
    ['storage.k8s.io', 'volumeattributesclasses', { driverName: 'd', parameters: { a: 'b' } }, {}],
    [
      'flowcontrol.apiserver.k8s.io',
      'flowschemas',
      { spec: { priorityLevelConfiguration: { name: 'p' } } },
      { spec: { matchingPrecedence: 1000 } },
    ],
    [
      'flowcontrol.apiserver.k8s.io',
      'prioritylevelconfigurations',
      { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
      { spec: { limited: { nominalConcurrencyShares: 30 } } },
    ],
  ])('%s %s', async (group, plural, rest, wanted) => {
    const path = `/apis/${group}/v1/${plural}`;
    const created = await client.post(path, { metadata: { name: 'x' }, ...rest });
    expect([created.code, created.body.message]).toEqual([201, undefined]);
    expect(created.body).toMatchObject(wanted);
    expect((await client.post(path, { metadata: { name: 'bad' }, spec: 'x' })).code).toBeGreaterThanOrEqual(400);
    expect((await client.delete(`${path}/x`)).code).toBe(200);
  });
});

describe('service networks', () => {
  it('show the one range and take no other', async () => {
    const path = '/apis/networking.k8s.io/v1/servicecidrs';
    await eventually(async () => {
      const { body } = await client.get(`${path}/kubernetes`);
      expect([body.spec.cidrs, body.status.conditions[0].status]).toEqual([['10.96.0.0/12'], 'True']);
    });
    const refused = await client.post(path, { metadata: { name: 'more' }, spec: { cidrs: ['10.1.0.0/16'] } });
    expect([refused.code, refused.body.message]).toEqual([
      403,
      expect.stringContaining('not supported by this server yet'),
    ]);
  });
});

describe('pods', () => {
  const pods = '/api/v1/namespaces/default/pods';

  it('get ephemeral containers, which stay', async () => {
    const containers = [{ name: 'main', image: 'nginx', resources: { requests: { cpu: '100m' } } }];
    await client.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const created = await client.post(pods, { metadata: { name: 'web' }, spec: { containers } });
    expect([created.code, created.body.message]).toEqual([201, undefined]);
    const debug = { name: 'debug', image: 'busybox', targetContainerName: 'main' };
    const patched = await client.patch(`${pods}/web/ephemeralcontainers`, 'strategic', {
      spec: { ephemeralContainers: [debug] },
    });
    expect([patched.code, patched.body.spec?.ephemeralContainers?.[0]]).toEqual([
      200,
      expect.objectContaining({ ...debug, terminationMessagePolicy: 'File' }),
    ]);
    const removed = await client.patch(`${pods}/web/ephemeralcontainers`, 'merge', {
      spec: { ephemeralContainers: [] },
    });
    expect([removed.code, removed.body.message]).toEqual([422, expect.stringContaining('may not be removed')]);
    const bad = await client.patch(`${pods}/web/ephemeralcontainers`, 'strategic', {
      spec: { ephemeralContainers: [{ name: 'main', image: 'x', ports: [{ containerPort: 1 }] }] },
    });
    expect(bad.body.message).toContain('ports: Forbidden: cannot be set for an Ephemeral Container');
    expect((await client.patch(`${pods}/web`, 'merge', { metadata: { labels: { a: 'b' } } })).code).toBe(200);
  });

  it('are resized in cpu and memory only', async () => {
    const resize = (resources: object) =>
      client.patch(`${pods}/web/resize`, 'strategic', { spec: { containers: [{ name: 'main', resources }] } });
    const bigger = await resize({ requests: { cpu: '200m' } });
    expect([bigger.code, bigger.body.spec?.containers[0].resources.requests.cpu]).toEqual([200, '200m']);
    expect(bigger.body.metadata.generation).toBe(3);
    expect((await resize({ requests: { 'ephemeral-storage': '1Gi' } })).body.message).toContain(
      'only cpu and memory resources are mutable',
    );
    const other = await resize({ limits: { cpu: '200m', memory: '1Gi' }, requests: { memory: '1Gi' } });
    expect(other.body.message).toContain('Pod QOS Class may not change');
  });

  it('are bound through bindings, too', async () => {
    await client.post('/api/v1/nodes', { metadata: { name: 'n1' } });
    const nameless = await client.post('/api/v1/namespaces/default/bindings', { metadata: {}, target: { name: 'n1' } });
    expect([nameless.code, nameless.body.message]).toEqual([400, 'Name parameter required.']);
    const bound = await client.post('/api/v1/namespaces/default/bindings', {
      metadata: { name: 'web' },
      target: { kind: 'Node', name: 'n1' },
    });
    expect([bound.code, bound.body.status]).toEqual([201, 'Success']);
    expect((await client.get(`${pods}/web`)).body.spec.nodeName).toBe('n1');
  });
});
