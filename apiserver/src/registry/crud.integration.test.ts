import { configMap } from '@kubelab/api/core/config-map';
import { namespace } from '@kubelab/api/core/namespace';
import { node } from '@kubelab/api/core/node';
import { pod } from '@kubelab/api/core/pod';
import { startTestApi, type TestApi } from '../testing/test-api.js';

let api: TestApi;
const base = '/api/v1/namespaces/default/configmaps';
const configMapOf = (name: string, data: Record<string, string> = { a: '1' }): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const podOf = (name: string, spec: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'nginx' }], ...spec },
});

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap, namespace, node, pod] });
});
afterAll(() => api?.close());

describe('create', () => {
  it('stores an object with its identity and says 201', async () => {
    const { code, body, headers } = await api.client.post(base, configMapOf('made'));
    expect(code).toBe(201);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'made', namespace: 'default' },
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(body.metadata.managedFields).toEqual([
      expect.objectContaining({
        operation: 'Update',
        apiVersion: 'v1',
        fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } },
      }),
    ]);
    const read = await api.client.get(`${base}/made`);
    expect(read.body).toEqual(body);
  });

  it('answers 409 for a name that is taken', async () => {
    await api.client.post(base, configMapOf('taken'));
    const { code, body } = await api.client.post(base, configMapOf('taken'));
    expect(code).toBe(409);
    expect(body).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'AlreadyExists',
      message: 'configmaps "taken" already exists',
      details: { name: 'taken', kind: 'configmaps' },
    });
  });

  it('makes a name from generateName', async () => {
    const { body } = await api.client.post(base, { metadata: { generateName: 'gen-' } });
    expect(body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  it('ignores identity that a client sends and refuses a resourceVersion', async () => {
    const sent = {
      ...configMapOf('mine'),
      metadata: { name: 'mine', uid: 'x', creationTimestamp: '2001-01-01T00:00:00Z' },
    };
    const { body } = await api.client.post(base, sent);
    expect(body.metadata.uid).not.toBe('x');
    expect(body.metadata.creationTimestamp).not.toMatch(/^2001/);
    const versioned = await api.client.post(base, { metadata: { name: 'v', resourceVersion: '7' } });
    expect(versioned.code).toBe(400);
    expect(versioned.body.message).toBe('resourceVersion should not be set on objects to be created');
  });

  it('refuses another namespace than the path', async () => {
    const { code, body } = await api.client.post(base, { metadata: { name: 'x', namespace: 'other' } });
    expect(code).toBe(400);
    expect(body.message).toBe('the namespace of the provided object does not match the namespace sent on the request');
  });

  it('refuses an invalid object with every cause', async () => {
    const { code, body } = await api.client.post(base, { metadata: { name: 'Not_Valid' }, data: { 'a b': '' } });
    expect(code).toBe(422);
    expect(body.reason).toBe('Invalid');
    expect(body.details.causes.map((cause: { field: string }) => cause.field)).toEqual(['metadata.name', 'data[a b]']);
  });

  it('leaves nothing behind with dryRun=All', async () => {
    const { code, body } = await api.client.post(`${base}?dryRun=All`, configMapOf('dry'));
    expect(code).toBe(201);
    expect(body.metadata.uid).toBeDefined();
    expect((await api.client.get(`${base}/dry`)).code).toBe(404);
    expect((await api.client.post(`${base}?dryRun=Some`, configMapOf('dry'))).body.message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    );
  });
});

describe('decoding', () => {
  const decode = (body: unknown, query = ''): ReturnType<TestApi['client']['post']> =>
    api.client.post(`/api/v1/namespaces/default/pods${query}`, body);

  it.each([
    [
      'broken JSON',
      '{"a":',
      /^the object provided is unrecognized \(must be of type Pod\): couldn't get version\/kind; json parse error: .* \(\{"a":\)$/,
    ],
    ['an empty body', '', /\(<empty>\)$/],
    ['an array', '[]', /cannot unmarshal array into Go value/],
    [
      'another API version',
      '{"apiVersion":"apps/v1","kind":"Pod"}',
      /^the API version in the data \(apps\/v1\) does not match the expected API version \(v1\)$/,
    ],
    ['another kind', '{"apiVersion":"v1","kind":"Service"}', /^Service in version "v1" cannot be handled as a Pod: /],
    [
      'a wrong type',
      { ...podOf('x'), spec: { hostNetwork: 'yes' } },
      /^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool$/,
    ],
    ['a prototype', '{"__proto__":{"a":1}}', /__proto__/],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, /exceeded max depth/],
  ])('answers 400 for %s', async (_name, body, message) => {
    const answer = await decode(body);
    expect(answer.code).toBe(400);
    expect(answer.body.reason).toBe('BadRequest');
    expect(answer.body.message).toMatch(message);
  });

  it('warns about unknown and doubled fields by default', async () => {
    const text = '{"metadata":{"name":"warned"},"spec":{"foo":1,"containers":[{"name":"a","image":"b","image":"b"}]}}';
    const { code, headers } = await decode(text);
    expect(code).toBe(201);
    expect(headers['warning']).toBe(
      '299 - "duplicate field \\"spec.containers[0].image\\"", 299 - "unknown field \\"spec.foo\\""',
    );
  });

  it('refuses them with Strict and is silent with Ignore', async () => {
    const body = { ...podOf('strict'), spec: { containers: [{ name: 'a', image: 'b' }], foo: 1 } };
    const strict = await decode(body, '?fieldValidation=Strict');
    expect(strict.code).toBe(400);
    expect(strict.body.message).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"',
    );
    const ignored = await decode(body, '?fieldValidation=Ignore');
    expect(ignored.code).toBe(201);
    expect(ignored.headers['warning']).toBeUndefined();
  });

  it('reads YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata:\n  a: "yes"\n';
    const { code, body } = await api.client.post(base, yaml, { 'Content-Type': 'application/yaml' });
    expect(code).toBe(201);
    expect(body.data).toEqual({ a: 'yes' });
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key, index) => `${key}: &${key} [${`*${'abcdefgh'[index]},`.repeat(9)}]`).join('\n')}`;
    const refused = await api.client.post(base, bomb, { 'Content-Type': 'application/yaml' });
    expect(refused.code).toBe(400);
    expect(refused.body.message).toContain('excessive aliasing');
  });

  it('answers 415 and 413 with the limits', async () => {
    const wrongType = await api.client.post(base, 'x', { 'Content-Type': 'text/plain' });
    expect(wrongType.code).toBe(415);
    expect(wrongType.body.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    const large = await api.client.post(base, `{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`);
    expect(large.code).toBe(413);
    expect(large.body.message).toBe('Request entity is too large: limit is 3145728');
  });
});

describe('update', () => {
  it('is refused for an object of another life', async () => {
    const { body: made } = await api.client.post(base, configMapOf('reborn'));
    const other = { ...made, metadata: { ...made.metadata, uid: 'other' } };
    const { code, body } = await api.client.put(`${base}/reborn`, other);
    expect([code, body.reason]).toEqual([409, 'Conflict']);
    expect(body.message).toBe(
      `Operation cannot be fulfilled on configmaps "reborn": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/reborn, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: ${made.metadata.uid}`,
    );
  });

  it('replaces, keeps identity and counts versions', async () => {
    const { body: made } = await api.client.post(base, configMapOf('changing'));
    const { code, body } = await api.client.put(`${base}/changing`, { ...made, data: { b: '2' } });
    expect(code).toBe(200);
    expect(body.data).toEqual({ b: '2' });
    expect(body.metadata.uid).toBe(made.metadata.uid);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    const same = await api.client.put(`${base}/changing`, body);
    expect(same.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it('answers 409 for a stale version and takes none at all as "whatever is there"', async () => {
    const { body: made } = await api.client.post(base, configMapOf('stale'));
    await api.client.put(`${base}/stale`, { ...made, data: { b: '2' } });
    const stale = await api.client.put(`${base}/stale`, { ...made, data: { c: '3' } });
    expect(stale.code).toBe(409);
    expect(stale.body.message).toBe(
      'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await api.client.put(`${base}/stale`, configMapOf('stale'))).code).toBe(200);
  });

  it('refuses other names and unknown objects', async () => {
    await api.client.post(base, configMapOf('named'));
    const other = await api.client.put(`${base}/named`, configMapOf('unnamed'));
    expect(other.code).toBe(400);
    expect(other.body.message).toBe('the name of the object (unnamed) does not match the name on the URL (named)');
    const missing = await api.client.put(`${base}/nothing`, configMapOf('nothing'));
    expect(missing.code).toBe(404);
    expect(missing.body.message).toBe('configmaps "nothing" not found');
  });

  it('keeps spec and status apart', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const { body: made } = await api.client.post(pods, podOf('parts'));
    expect(made.status.phase).toBe('Pending');
    const viaMain = await api.client.put(`${pods}/parts`, { ...made, status: { phase: 'Running' } });
    expect(viaMain.body.status.phase).toBe('Pending');
    const changed = {
      ...made,
      spec: { ...made.spec, nodeName: 'stolen' },
      status: { ...made.status, phase: 'Running' },
    };
    const viaStatus = await api.client.put(`${pods}/parts/status`, changed);
    expect(viaStatus.body.status.phase).toBe('Running');
    expect(viaStatus.body.spec.nodeName).toBeUndefined();
    expect(viaStatus.body.metadata.managedFields.map((entry: { subresource?: string }) => entry.subresource)).toEqual([
      undefined,
      'status',
    ]);
  });
});

describe('delete', () => {
  it('answers with a Status that names the object', async () => {
    const { body: made } = await api.client.post(base, configMapOf('gone'));
    const { code, body } = await api.client.delete(`${base}/gone`);
    expect(code).toBe(200);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: made.metadata.uid },
    });
    expect((await api.client.delete(`${base}/gone`)).code).toBe(404);
  });

  it('waits for finalizers', async () => {
    await api.client.post(base, { ...configMapOf('held'), metadata: { name: 'held', finalizers: ['a.b/c'] } });
    const marked = await api.client.delete(`${base}/held`);
    expect(marked.body.metadata.deletionTimestamp).toBeDefined();
    const added = await api.client.patch(`${base}/held`, 'merge', { metadata: { finalizers: ['a.b/c', 'a.b/d'] } });
    expect(added.code).toBe(422);
    expect(added.body.message).toContain('no new finalizers can be added if the object is being deleted');
    const freed = await api.client.patch(`${base}/held`, 'merge', { metadata: { finalizers: null } });
    expect(freed.code).toBe(200);
    expect((await api.client.get(`${base}/held`)).code).toBe(404);
  });

  it('gives running pods their grace period and lets it only become shorter', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await api.client.post(pods, podOf('graceful', { nodeName: 'n1', terminationGracePeriodSeconds: 60 }));
    const first = await api.client.delete(`${pods}/graceful`);
    expect(first.body).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 60 } });
    const longer = await api.client.delete(`${pods}/graceful`, { gracePeriodSeconds: 90 });
    expect(longer.body.metadata.deletionGracePeriodSeconds).toBe(60);
    const shorter = await api.client.delete(`${pods}/graceful?gracePeriodSeconds=5`);
    expect(shorter.body.metadata.deletionGracePeriodSeconds).toBe(5);
    const wrongUid = await api.client.delete(`${pods}/graceful`, {
      gracePeriodSeconds: 0,
      preconditions: { uid: 'x' },
    });
    expect(wrongUid.code).toBe(409);
    const now = await api.client.delete(`${pods}/graceful`, { gracePeriodSeconds: 0 });
    expect(now.body.kind).toBe('Pod');
    expect((await api.client.get(`${pods}/graceful`)).code).toBe(404);
  });

  it('leaves decisions about dependents to the garbage collector', async () => {
    await api.client.post(base, configMapOf('owner'));
    const { body } = await api.client.delete(`${base}/owner`, { propagationPolicy: 'Foreground' });
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion']);
    const wrong = await api.client.delete(`${base}/owner?propagationPolicy=Sideways`);
    expect(wrong.code).toBe(422);
    const orphaned = await api.client.delete(`${base}/owner`, { propagationPolicy: 'Orphan' });
    expect(orphaned.body.metadata.finalizers).toEqual(['orphan']);
  });

  it('empties collections by selector', async () => {
    for (const name of ['c1', 'c2']) {
      await api.client.post(base, { ...configMapOf(name), metadata: { name, labels: { group: 'doomed' } } });
    }
    const { body: before } = await api.client.get(`${base}?labelSelector=group%3Ddoomed`);
    const { code, body } = await api.client.delete(`${base}?labelSelector=group%3Ddoomed`);
    expect(code).toBe(200);
    expect(before.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c1', 'c2']);
    // As it was found: what was deleted has no newer state that a client could want.
    expect(body).toEqual(before);
    expect((await api.client.get(`${base}?labelSelector=group%3Ddoomed`)).body.items).toEqual([]);
  });

  it('keeps a namespace until it is finalized', async () => {
    const { body: made } = await api.client.post('/api/v1/namespaces', { metadata: { name: 'brief' } });
    expect(made.spec.finalizers).toEqual(['kubernetes']);
    const { body } = await api.client.delete('/api/v1/namespaces/brief');
    expect(body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    const finalized = await api.client.put('/api/v1/namespaces/brief/finalize', { ...body, spec: { finalizers: [] } });
    expect(finalized.code).toBe(200);
    expect((await api.client.get('/api/v1/namespaces/brief')).code).toBe(404);
  });
});

describe('binding', () => {
  const pods = '/api/v1/namespaces/default/pods';
  const bind = (name: string, target: string): ReturnType<TestApi['client']['post']> =>
    api.client.post(`${pods}/${name}/binding`, { metadata: { name }, target: { kind: 'Node', name: target } });

  it('assigns a pod once', async () => {
    await api.client.post(pods, podOf('bound'));
    const first = await bind('bound', 'n1');
    expect(first.code).toBe(201);
    expect(first.body.status).toBe('Success');
    const { body } = await api.client.get(`${pods}/bound`);
    expect(body.spec.nodeName).toBe('n1');
    expect(body.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True', observedGeneration: 1 }]);
    const second = await bind('bound', 'n2');
    expect(second.code).toBe(409);
    expect(second.body.message).toBe(
      'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n1"',
    );
    expect((await bind('absent', 'n1')).code).toBe(404);
  });

  it('says what is wrong with a binding, as an error without a reason', async () => {
    const post = (body: object): ReturnType<TestApi['client']['post']> =>
      api.client.post(`${pods}/bound/binding`, body);
    const nowhere = await post({ metadata: { name: 'bound' }, target: { kind: 'Pod' } });
    expect(nowhere.code).toBe(500);
    expect(nowhere.body.reason).toBeUndefined();
    expect(nowhere.body.message).toBe(
      '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
    );
    for (const name of ['other', '']) {
      const { code, body } = await post({ metadata: { name }, target: { kind: 'Node', name: 'n1' } });
      expect([code, body.message]).toEqual([400, 'name in URL does not match name in Binding object']);
    }
  });
});
