import { deployment } from '@kubelab/api/apps/deployment';
import { configMap } from '@kubelab/api/core/config-map';
import { pod } from '@kubelab/api/core/pod';
import { podDisruptionBudget } from '@kubelab/api/policy/pod-disruption-budget';
import { startTestApi, type TestApi } from '../testing/test-api.js';

let api: TestApi;
const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';

const deploymentOf = (name: string, spec: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'nginx:1' }] } },
    ...spec,
  },
});

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap, pod, deployment, podDisruptionBudget] });
});
afterAll(() => api?.close());

describe('patches', () => {
  beforeAll(() => api.client.post(deployments, deploymentOf('patched')));

  it('applies a JSON patch', async () => {
    const { code, body } = await api.client.patch(`${deployments}/patched`, 'json', [
      { op: 'replace', path: '/spec/replicas', value: 3 },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    ]);
    expect(code).toBe(200);
    expect(body.spec.replicas).toBe(3);
    expect(body.metadata.generation).toBe(2);
  });

  it('applies a merge patch without counting the generation for metadata', async () => {
    const { body } = await api.client.patch(`${deployments}/patched`, 'merge', {
      metadata: { annotations: { x: 'y' } },
    });
    expect(body.metadata.annotations).toEqual({ x: 'y' });
    expect(body.metadata.generation).toBe(2);
  });

  it('applies a strategic merge patch by merge keys', async () => {
    const { code, body } = await api.client.patch(`${deployments}/patched`, 'strategic', {
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'side', image: 'busybox' },
              { name: 'web', image: 'nginx:2' },
            ],
          },
        },
      },
    });
    expect(code).toBe(200);
    const containers = body.spec.template.spec.containers as { name: string; image: string }[];
    expect(containers.map(({ name, image }) => `${name}=${image}`).sort()).toEqual(['side=busybox', 'web=nginx:2']);
  });

  it('goes through optimistic locking only when the patch names a version', async () => {
    const stale = { metadata: { resourceVersion: '1' }, spec: { replicas: 9 } };
    const { code, body } = await api.client.patch(`${deployments}/patched`, 'merge', stale);
    expect(code).toBe(409);
    expect(body.reason).toBe('Conflict');
  });

  it.each([
    ['json', '{"op":"add"}', 400, /error decoding patch/],
    ['json', [{ op: 'remove', path: '/spec/nothing/deep' }], 422, /the server rejected our request/],
    ['merge', '{"spec":', 400, /error decoding patch/],
    ['merge', { spec: { replicas: 'many' } }, 422, /patch: Invalid value/],
    [
      'merge',
      { metadata: { name: 'other' } },
      400,
      /the name of the object \(other\) does not match the name on the URL \(patched\)/,
    ],
    ['merge', { kind: 'Pod' }, 422, /unable to decode/],
    ['merge', { spec: { selector: { matchLabels: { app: 'x' } } } }, 422, /field is immutable/],
  ] as const)('refuses a bad %s patch: %j', async (type, patch, code, message) => {
    const answer = await api.client.patch(`${deployments}/patched`, type, patch);
    expect(answer.code).toBe(code);
    expect(answer.body.message).toMatch(message);
  });

  it('answers 404 and 415', async () => {
    expect((await api.client.patch(`${deployments}/absent`, 'merge', {})).code).toBe(404);
    const wrong = await api.client.request('PATCH', `${deployments}/patched`, { body: {} });
    expect(wrong.code).toBe(415);
    expect(wrong.body.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    );
  });

  it('warns about unknown fields and refuses them with Strict', async () => {
    const patch = { spec: { foo: 1 } };
    const warned = await api.client.patch(`${deployments}/patched`, 'merge', patch);
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"spec.foo\\""');
    const strict = await api.client.patch(`${deployments}/patched?fieldValidation=Strict`, 'strategic', patch);
    expect(strict.code).toBe(422);
    expect(strict.body.message).toMatch(/strict decoding error: unknown field "spec.foo"/);
  });

  it('retries for concurrent patches without a version', async () => {
    await api.client.post(maps, { metadata: { name: 'busy' }, data: {} });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    const answers = await Promise.all(
      keys.map((key) => api.client.patch(`${maps}/busy`, 'merge', { data: { [key]: '1' } })),
    );
    expect(answers.map(({ code }) => code)).toEqual(keys.map(() => 200));
    expect(Object.keys((await api.client.get(`${maps}/busy`)).body.data).sort()).toEqual([...keys].sort());
  });
});

describe('server-side apply', () => {
  const config = (data: Record<string, string>): Record<string, unknown> => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'applied' },
    data,
  });
  const apply = (manager: string, data: Record<string, string>, query = ''): ReturnType<TestApi['client']['patch']> =>
    api.client.patch(`${maps}/applied?fieldManager=${manager}${query}`, 'apply', config(data));

  it('needs a manager', async () => {
    const { code, body } = await api.client.patch(`${maps}/applied`, 'apply', config({}));
    expect(code).toBe(422);
    expect(body.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  });

  it('creates, and then changes only what its manager owns', async () => {
    const first = await apply('one', { a: '1', b: '1' });
    expect(first.code).toBe(201);
    const again = await apply('one', { a: '1', b: '1' });
    expect(again.code).toBe(200);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const second = await apply('two', { c: '2' });
    expect(second.body.data).toEqual({ a: '1', b: '1', c: '2' });
    const removed = await apply('one', { a: '1' });
    expect(removed.body.data).toEqual({ a: '1', c: '2' });
  });

  it('answers conflicts with a cause per field, and force wins', async () => {
    const { code, body } = await apply('two', { a: 'other', c: '2' });
    expect(code).toBe(409);
    expect(body.message).toBe('Apply failed with 1 conflict: conflict with "one": .data.a');
    expect(body.details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
    ]);
    const forced = await apply('two', { a: 'other', c: '2' }, '&force=true');
    expect(forced.body.data.a).toBe('other');
  });

  it('reads YAML, refuses what is none, and creates nothing in a dry run', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  n: "1"\n';
    const dry = await api.client.patch(`${maps}/yaml?fieldManager=m&dryRun=All`, 'apply', yaml);
    expect(dry.code).toBe(201);
    expect((await api.client.get(`${maps}/yaml`)).code).toBe(404);
    expect((await api.client.patch(`${maps}/yaml?fieldManager=m`, 'apply', yaml)).body.data).toEqual({ n: '1' });
    const broken = await api.client.patch(`${maps}/yaml?fieldManager=m`, 'apply', 'a: [');
    expect(broken.code).toBe(400);
    expect(broken.body.message).toMatch(/^error decoding YAML: /);
  });

  it('takes defaults and list keys into account', async () => {
    const wanted = deploymentOf('ssa');
    const first = await api.client.patch(`${deployments}/ssa?fieldManager=kubectl`, 'apply', wanted);
    expect(first.code).toBe(201);
    expect(first.body.spec.strategy.type).toBe('RollingUpdate');
    const again = await api.client.patch(`${deployments}/ssa?fieldManager=kubectl`, 'apply', wanted);
    expect(again.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it('refuses fields that do not exist', async () => {
    const wanted = deploymentOf('bad', { foo: 1 });
    const { body } = await api.client.patch(`${deployments}/bad?fieldManager=kubectl`, 'apply', wanted);
    expect(body.message).toContain('.spec.foo: field not declared in schema');
  });
});

describe('scale', () => {
  beforeAll(() => api.client.post(deployments, deploymentOf('scaled', { replicas: 2 })));
  const path = `${deployments}/scaled/scale`;

  it('shows and changes the replicas of the parent', async () => {
    const { body } = await api.client.get(path);
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'scaled', namespace: 'default' },
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=scaled' },
    });
    const put = await api.client.put(path, { ...body, spec: { replicas: 5 } });
    expect(put.body.spec.replicas).toBe(5);
    const stale = await api.client.put(path, { ...body, spec: { replicas: 6 } });
    expect(stale.code).toBe(409);
    const patched = await api.client.patch(path, 'merge', { spec: { replicas: 0 } });
    expect(patched.code).toBe(200);
    const { body: parent } = await api.client.get(`${deployments}/scaled`);
    expect(parent.spec.replicas).toBe(0);
    expect(parent.metadata.generation).toBe(3);
  });

  it('applies with an owner on the parent', async () => {
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'scaled', namespace: 'default' },
      spec: { replicas: 4 },
    };
    const refused = await api.client.patch(`${path}?fieldManager=hpa`, 'apply', scale);
    expect(refused.code).toBe(409);
    const { code, body } = await api.client.patch(`${path}?fieldManager=hpa&force=true`, 'apply', scale);
    expect(code).toBe(200);
    expect(body.spec.replicas).toBe(4);
  });

  it('refuses negative replicas', async () => {
    const { code, body } = await api.client.patch(path, 'merge', { spec: { replicas: -1 } });
    expect(code).toBe(422);
    expect(body.message).toBe(
      'Scale.autoscaling "scaled" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});

describe('eviction', () => {
  it('deletes a pod without a budget', async () => {
    await api.client.post(pods, { metadata: { name: 'evicted' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'evicted', namespace: 'default' } };
    const { code, body } = await api.client.post(`${pods}/evicted/eviction`, eviction);
    expect(code).toBe(201);
    expect(body.status).toBe('Success');
    expect((await api.client.get(`${pods}/evicted`)).code).toBe(404);
    expect((await api.client.post(`${pods}/evicted/eviction`, eviction)).code).toBe(404);
  });

  it('answers 429 when the budget is spent', async () => {
    const labels = { app: 'guarded' };
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const spec = { minAvailable: 1, selector: { matchLabels: labels } };
    const { body: budget } = await api.client.post(budgets, { metadata: { name: 'guard' }, spec });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
    };
    expect((await api.client.put(`${budgets}/guard/status`, { ...budget, status })).code).toBe(200);
    for (const name of ['g1', 'g2']) {
      const podSpec = { containers: [{ name: 'c', image: 'i' }] };
      await api.client.post(pods, { metadata: { name, labels }, spec: podSpec });
      const conditions = [{ type: 'Ready', status: 'True' }];
      await api.client.patch(`${pods}/${name}/status`, 'merge', { status: { phase: 'Running', conditions } });
    }
    expect((await api.client.post(`${pods}/g1/eviction?dryRun=All`, { metadata: { name: 'g1' } })).code).toBe(201);
    expect((await api.client.post(`${pods}/g1/eviction`, { metadata: { name: 'g1' } })).code).toBe(201);
    const refused = await api.client.post(`${pods}/g2/eviction`, { metadata: { name: 'g2' } });
    expect(refused.code).toBe(429);
    expect(refused.body.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(refused.body.details.causes).toEqual([
      { reason: 'DisruptionBudget', message: 'The disruption budget guard needs 1 healthy pods and has 2 currently' },
    ]);
    const { body } = await api.client.get(`${budgets}/guard`);
    expect(Object.keys(body.status.disruptedPods)).toEqual(['g1']);
    expect(body.status.conditions).toMatchObject([
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: 1 },
    ]);
  });

  it('evicts the pod that the client means, or none', async () => {
    const post = (body: object): ReturnType<TestApi['client']['post']> =>
      api.client.post(`${pods}/meant/eviction`, { metadata: { name: 'meant' }, ...body });
    const metadata = { name: 'meant', finalizers: ['example.com/wait'] };
    const { body: pod } = await api.client.post(pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const wrongUid = await post({ deleteOptions: { preconditions: { uid: 'other' } } });
    expect([wrongUid.code, wrongUid.body.message]).toEqual([
      409,
      `Operation cannot be fulfilled on Pod "meant": the UID in the precondition (other) does not match the UID in record (${pod.metadata.uid}). The pod might have been deleted and then recreated`,
    ]);
    const stale = await post({ deleteOptions: { preconditions: { resourceVersion: '1' } } });
    expect([stale.code, stale.body.message]).toEqual([
      409,
      `Operation cannot be fulfilled on Pod "meant": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${pod.metadata.resourceVersion}). The object might have been modified`,
    ]);
    const nameless = await post({ metadata: {} });
    expect([nameless.code, nameless.body.message]).toEqual([400, 'name in URL does not match name in Eviction object']);
    const { resourceVersion } = pod.metadata;
    expect((await post({ deleteOptions: { preconditions: { resourceVersion } } })).code).toBe(201);
    const { body: evicted } = await api.client.get(`${pods}/meant`);
    expect(evicted.metadata.deletionTimestamp).toBeDefined();
    expect(evicted.status.conditions).toMatchObject([
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', observedGeneration: 1 },
    ]);
  });

  it('does not judge between two budgets', async () => {
    const labels = { app: 'twice' };
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    for (const name of ['one', 'two']) {
      await api.client.post(budgets, { metadata: { name }, spec: { selector: { matchLabels: labels } } });
    }
    await api.client.post(pods, {
      metadata: { name: 'twice', labels },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await api.client.patch(`${pods}/twice/status`, 'merge', { status: { phase: 'Running' } });
    const { code, body } = await api.client.post(`${pods}/twice/eviction`, { metadata: { name: 'twice' } });
    expect(code).toBe(500);
    expect(body).toMatchObject({
      status: 'Failure',
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
    expect(body.reason).toBeUndefined();
  });
});
