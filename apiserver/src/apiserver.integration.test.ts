import { completeObject } from '@kubelab/api/complete-object';
import { builtinResources } from '@kubelab/api/registry';
import { startTestApiserver, type TestApiserver } from './testing/test-apiserver.js';

let test: TestApiserver;

beforeAll(async () => {
  test = await startTestApiserver();
});
afterAll(() => test?.close());

describe('a started apiserver', () => {
  it('is ready and has what every cluster has', async () => {
    const { text } = await test.admin.get('/readyz?verbose');
    expect(text.split('\n')).toEqual([
      '[+]ping ok',
      '[+]log ok',
      '[+]etcd ok',
      '[+]etcd-readiness ok',
      '[+]informer-sync ok',
      '[+]poststarthook/start-apiextensions-informers ok',
      '[+]poststarthook/start-apiextensions-controllers ok',
      '[+]poststarthook/crd-informer-synced ok',
      '[+]poststarthook/start-system-namespaces-controller ok',
      '[+]poststarthook/start-cluster-authentication-info-controller ok',
      '[+]poststarthook/start-service-ip-repair-controllers ok',
      '[+]poststarthook/rbac/bootstrap-roles ok',
      '[+]poststarthook/scheduling/bootstrap-system-priority-classes ok',
      '[+]poststarthook/bootstrap-controller ok',
      '[+]poststarthook/kube-apiserver-autoregistration ok',
      '[+]shutdown ok',
      'readyz check passed',
      '',
    ]);
    expect((await test.admin.get('/livez/poststarthook/rbac/bootstrap-roles')).text).toBe('ok');
    expect((await test.admin.get('/livez/shutdown')).code).toBe(404);
    const { body } = await test.admin.get('/api/v1/namespaces');
    const names = body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    expect(names.sort()).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    const service = await test.admin.get('/api/v1/namespaces/default/services/kubernetes');
    expect(service.body.spec.clusterIP).toBe('10.96.0.1');
    const slices = await test.admin.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
    expect(slices.body.endpoints[0].addresses).toEqual(['10.0.0.1']);
  });

  it('makes its own objects as clients see all others: complete', async () => {
    const listed = builtinResources.filter(
      ({ verbs, plural }) => verbs.includes('list') && plural !== 'componentstatuses',
    );
    let count = 0;
    for (const { group, version, kind, plural } of listed) {
      const apiVersion = group === '' ? version : `${group}/${version}`;
      const { body } = await test.admin.get(`${group === '' ? '/api' : '/apis'}/${apiVersion}/${plural}`);
      for (const item of body.items) {
        const complete = structuredClone(item);
        completeObject(apiVersion, kind, complete);
        expect([plural, item]).toEqual([plural, complete]);
        count++;
      }
    }
    expect(count).toBeGreaterThan(50);
  });

  it('lets anonymous see health and version, and nothing else', async () => {
    const anonymous = test.clientWith();
    expect((await anonymous.get('/healthz')).text).toBe('ok');
    expect((await anonymous.get('/version')).body).toMatchObject({ major: '1', minor: '34' });
    const { code, body } = await anonymous.get('/api/v1/namespaces/default/pods');
    expect(code).toBe(403);
    expect(body).toMatchObject({
      reason: 'Forbidden',
      message:
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
      details: { kind: 'pods' },
    });
    const metrics = await anonymous.get('/metrics');
    expect(metrics.body.message).toBe('forbidden: User "system:anonymous" cannot get path "/metrics"');
    expect((await test.clientWith('nonsense').get('/version')).code).toBe(401);
  });

  it('authorizes by roles', async () => {
    const jane = await test.clientFor('jane');
    expect((await jane.get('/api/v1/namespaces/default/pods')).code).toBe(403);
    await test.admin.post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'jane' },
      subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: 'view', apiGroup: 'rbac.authorization.k8s.io' },
    });
    // Roles reach the authorizer through the cache.
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await jane.get('/api/v1/namespaces/default/pods')).code === 200) break;
    }
    expect((await jane.get('/api/v1/namespaces/default/pods')).code).toBe(200);
    expect((await jane.delete('/api/v1/namespaces/default/pods/x')).body.message).toBe(
      'pods "x" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "default"',
    );
    const review = await jane.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } },
    });
    expect(review.code).toBe(201);
    expect(review.body.status.allowed).toBe(true);
  });

  it('shows nodes their own pods only', async () => {
    const node = await test.clientFor('system:node:n1', ['system:nodes']);
    expect((await node.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')).code).toBe(200);
    expect((await node.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dn2')).code).toBe(403);
    expect((await node.get('/api/v1/pods')).code).toBe(403);
    expect((await node.get('/api/v1/namespaces/kube-system/secrets/x')).code).toBe(403);
    const watch = await node.watch('/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Dn1');
    expect(watch.code).toBe(200);
    watch.stop();
  });

  it('impersonates', async () => {
    const { body } = await test.admin.post(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {},
      { 'Impersonate-User': 'bob', 'Impersonate-Group': 'a' },
    );
    expect(body.status.userInfo).toMatchObject({ username: 'bob', groups: ['a', 'system:authenticated'] });
    const jane = await test.clientFor('jane');
    const refused = await jane.get('/version', { 'Impersonate-User': 'bob' });
    expect(refused.body.message).toContain('cannot impersonate resource "users"');
  });

  it('refuses objects in namespaces that do not exist', async () => {
    const { code, body } = await test.admin.post('/api/v1/namespaces/none/configmaps', { metadata: { name: 'x' } });
    expect(code).toBe(404);
    expect(body.message).toBe('namespaces "none" not found');
  });

  it('gives services addresses and node ports, and takes them back', async () => {
    const path = '/api/v1/namespaces/default/services';
    const spec = { type: 'NodePort', selector: { app: 'x' }, ports: [{ port: 80 }] };
    const { code, body } = await test.admin.post(path, { metadata: { name: 'ported' }, spec });
    expect(code).toBe(201);
    expect(body.spec.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    expect(body.spec.ports[0].nodePort).toBeGreaterThanOrEqual(30000);
    const taken = await test.admin.post(path, {
      metadata: { name: 'second' },
      spec: { ...spec, ports: [{ port: 80, nodePort: body.spec.ports[0].nodePort }] },
    });
    expect(taken.code).toBe(422);
    expect(taken.body.message).toContain('provided port is already allocated');
    expect((await test.admin.delete(`${path}/ported`)).code).toBe(200);
  });

  it('issues tokens that it accepts', async () => {
    await test.admin.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } });
    const { code, body } = await test.admin.post('/api/v1/namespaces/default/serviceaccounts/robot/token', {
      spec: {},
    });
    expect(code).toBe(201);
    const robot = test.clientWith(body.status.token);
    const review = await robot.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
    expect(review.body.status.userInfo.username).toBe('system:serviceaccount:default:robot');
  });

  it('describes itself', async () => {
    const groups = await test.admin.get('/apis');
    expect(groups.body.groups.map(({ name }: { name: string }) => name)).toContain('apps');
    const core = await test.admin.get('/api/v1');
    expect(core.body.resources.find(({ name }: { name: string }) => name === 'pods')).toMatchObject({
      singularName: 'pod',
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: 'xPOwRZ+Yhw8=',
    });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await test.admin.get('/apis', { Accept: accept });
    expect(aggregated.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    expect(aggregated.body.items[0].metadata.name).toBe('apiregistration.k8s.io');
    const again = await test.admin.get('/apis', {
      Accept: accept,
      'If-None-Match': String(aggregated.headers['etag']),
    });
    expect(again.code).toBe(304);
  });

  it('publishes OpenAPI', async () => {
    const v2 = await test.admin.get('/openapi/v2');
    expect(v2.body.swagger).toBe('2.0');
    expect(v2.body.definitions['io.k8s.api.core.v1.Pod'].properties.spec).toBeDefined();
    const v3 = await test.admin.get('/openapi/v3');
    const { serverRelativeURL } = v3.body.paths['apis/apps/v1'];
    const apps = await test.admin.get(serverRelativeURL);
    expect(apps.headers['cache-control']).toBe('public, immutable');
    expect(apps.body.components.schemas['io.k8s.api.apps.v1.Deployment']).toBeDefined();
    expect((await test.admin.get('/openapi/v3/apis/apps/v1?hash=OLD')).code).toBe(301);
    expect((await test.admin.get('/openapi/v3/apis/none/v1')).code).toBe(404);
  });

  it('counts requests', async () => {
    const { text } = await test.admin.get('/metrics');
    expect(text).toMatch(
      /apiserver_request_total\{verb="LIST",group="",version="v1",resource="pods".*code="200"\} \d+/,
    );
    expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1');
  });
});
