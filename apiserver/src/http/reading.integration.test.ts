import { configMap } from '@kubelab/api/core/config-map';
import { namespace } from '@kubelab/api/core/namespace';
import { pod } from '@kubelab/api/core/pod';
import { startTestApi, type TestApi } from '../testing/test-api.js';

let api: TestApi;
const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

const make = (name: string, labels: Record<string, string> = {}, namespaceName = 'default'): Promise<unknown> =>
  api.client.post(`/api/v1/namespaces/${namespaceName}/configmaps`, { metadata: { name, labels }, data: { a: name } });

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap, namespace, pod] });
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await make(name, { letter: name, vowel: String('aeiou'.includes(name)) });
  await make('a', {}, 'other');
  for (const [name, nodeName] of [
    ['p1', 'n1'],
    ['p2', 'n2'],
  ]) {
    await api.client.post(pods, { metadata: { name }, spec: { nodeName, containers: [{ name: 'c', image: 'i' }] } });
  }
});
afterAll(() => api?.close());

interface Named {
  metadata: { name: string };
}
const names = (body: { items: Named[] }): string[] => body.items.map((item) => item.metadata.name);

describe('list', () => {
  it('has the form of upstream: items without kind and apiVersion', async () => {
    const { code, body, headers } = await api.client.get(maps);
    expect(code).toBe(200);
    expect(headers['cache-control']).toBe('no-cache, private');
    expect(body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(names(body)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(Object.keys(body.items[0])).toEqual(['metadata', 'data']);
    const { body: single } = await api.client.get(`${maps}/a`);
    expect({ kind: 'ConfigMap', apiVersion: 'v1', ...body.items[0] }).toEqual(single);
  });

  it('spans namespaces and selects', async () => {
    expect(names((await api.client.get('/api/v1/configmaps')).body)).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
    expect(names((await api.client.get(`${maps}?labelSelector=vowel%3Dtrue`)).body)).toEqual(['a', 'e']);
    expect(names((await api.client.get(`${maps}?labelSelector=letter+in+(b,c)`)).body)).toEqual(['b', 'c']);
    expect(names((await api.client.get('/api/v1/configmaps?fieldSelector=metadata.namespace%3Dother')).body)).toEqual([
      'a',
    ]);
    expect(names((await api.client.get(`${maps}?fieldSelector=metadata.name%3Db`)).body)).toEqual(['b']);
    expect(names((await api.client.get(`${pods}?fieldSelector=spec.nodeName%3Dn2`)).body)).toEqual(['p2']);
  });

  it('goes on where a page ended', async () => {
    const first = await api.client.get(`${maps}?limit=2`);
    expect(names(first.body)).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    const token = encodeURIComponent(first.body.metadata.continue);
    await make('bb');
    const second = await api.client.get(`${maps}?limit=10&continue=${token}`);
    expect(names(second.body)).toEqual(['c', 'd', 'e']);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    await api.client.delete(`${maps}/bb`);
  });

  it.each([
    ['labelSelector=a+in+b', 400, /unable to parse requirement/],
    [
      'fieldSelector=spec.foo%3D1',
      400,
      /^"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"$/,
    ],
    ['limit=x', 400, /^strconv.ParseInt: parsing "x": invalid syntax$/],
    ['resourceVersion=x', 422, /resourceVersion/],
    ['resourceVersionMatch=Exact', 422, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
    ['continue=abc', 400, /continue/],
  ])('refuses ?%s', async (query, code, message) => {
    const answer = await api.client.get(`${maps}?${query}`);
    expect(answer.code).toBe(code);
    expect(answer.body.message).toMatch(message);
  });

  it('words unknown fields of kinds that have field selectors as upstream', async () => {
    const { body } = await api.client.get(`${pods}?fieldSelector=spec.foo%3D1`);
    expect(body.message).toBe('field label not supported: spec.foo');
  });

  it('compresses what is large, when the client can read it', async () => {
    const big = 'x'.repeat(200_000);
    await api.client.post('/api/v1/namespaces/big/configmaps', { metadata: { name: 'big' }, data: { big } });
    const plain = await api.client.get('/api/v1/namespaces/big/configmaps');
    expect(plain.body.items[0].data.big).toBe(big);
    const packed = await api.client.get('/api/v1/namespaces/big/configmaps', { 'Accept-Encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
  });
});

describe('representations', () => {
  it('shows tables with partial objects', async () => {
    const { body, headers } = await api.client.get(maps, { Accept: tableAccept });
    expect(headers['content-type']).toBe('application/json');
    expect(body.kind).toBe('Table');
    expect(body.apiVersion).toBe('meta.k8s.io/v1');
    expect(body.columnDefinitions.map((column: { name: string }) => column.name)).toEqual(['Name', 'Data', 'Age']);
    expect(body.rows[0].cells.slice(0, 2)).toEqual(['a', 1]);
    expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
    const single = await api.client.get(`${maps}/a?includeObject=Object`, { Accept: tableAccept });
    expect(single.body.rows[0].object.kind).toBe('ConfigMap');
  });

  it('reduces objects to their metadata', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { body } = await api.client.get(maps, { Accept: accept });
    expect(body.kind).toBe('PartialObjectMetadataList');
    expect(body.items[0]).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(body.items[0].data).toBeUndefined();
  });

  it('writes YAML', async () => {
    const { text, headers } = await api.client.get(`${maps}/a`, { Accept: 'application/yaml' });
    expect(headers['content-type']).toBe('application/yaml');
    expect(text).toMatch(/^apiVersion: v1\ndata:\n {2}a: a\nkind: ConfigMap\n/);
  });

  it('indents for people', async () => {
    expect((await api.client.get(`${maps}/a`, { 'User-Agent': 'curl/8' })).text).toMatch(/^\{\n {2}"kind"/);
    expect((await api.client.get(`${maps}/a?pretty=true`)).text).toContain('\n');
    expect((await api.client.get(`${maps}/a?pretty=false`, { 'User-Agent': 'curl/8' })).text).not.toContain('\n  ');
  });

  it('answers 406 to what it cannot write', async () => {
    const table = await api.client.get(`${maps}/a`, {
      Accept: 'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(table.code).toBe(406);
    const { code, body } = await api.client.get(`${maps}/a`, { Accept: 'text/plain' });
    expect(code).toBe(406);
    expect(body.message).toBe(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });
});

describe('watch', () => {
  it('sends what is there, then what happens', async () => {
    const watch = await api.client.watch(`${maps}?watch=true&labelSelector=vowel%3Dtrue`);
    expect(watch.code).toBe(200);
    expect((await watch.next()).object.metadata.name).toBe('a');
    expect((await watch.next()).object.metadata.name).toBe('e');
    await make('w', { vowel: 'true' });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'w' } } });
    await api.client.patch(`${maps}/w`, 'merge', { data: { more: '1' } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { more: '1' } } });
    await api.client.patch(`${maps}/w`, 'merge', { metadata: { labels: { vowel: 'false' } } });
    expect((await watch.next()).type).toBe('DELETED');
    watch.stop();
    await api.client.delete(`${maps}/w`);
  });

  it('starts after a resourceVersion and closes the initial events with a bookmark', async () => {
    const { body } = await api.client.get(maps);
    const after = await api.client.watch(`${maps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    await make('later');
    expect((await after.next()).object.metadata.name).toBe('later');
    await api.client.delete(`${maps}/later`);
    after.stop();
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const initial = await api.client.watch(`${maps}?${query}&fieldSelector=metadata.name%3Da`);
    expect((await initial.next()).type).toBe('ADDED');
    const bookmark = await initial.next();
    expect(bookmark.type).toBe('BOOKMARK');
    expect(bookmark.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(bookmark.object.metadata).not.toHaveProperty('creationTimestamp');
    initial.stop();
  });

  it('ends after timeoutSeconds', async () => {
    const watch = await api.client.watch(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=0`);
    for (let index = 0; index < 5; index++) await watch.next();
    await watch.ended;
  });

  it('sends column definitions with the first row only', async () => {
    const watch = await api.client.watch(`${maps}?watch=true`, { Accept: tableAccept });
    expect((await watch.next()).object.columnDefinitions).toHaveLength(3);
    expect((await watch.next()).object.columnDefinitions).toBeNull();
    watch.stop();
  });

  it('understands the old /watch/ paths', async () => {
    const watch = await api.client.watch('/api/v1/watch/namespaces/default/configmaps/c');
    expect((await watch.next()).object.metadata.name).toBe('c');
    watch.stop();
  });

  it('tells of an expired version in the stream', async () => {
    const watch = await api.client.watch(`${maps}?watch=true&resourceVersion=1`);
    expect(watch.code).toBe(200);
    const event = await watch.next();
    if (event.type === 'ERROR') expect(event.object).toMatchObject({ kind: 'Status', code: 410 });
    watch.stop();
  });
});

describe('paths', () => {
  it.each([
    ['GET', '/api/v1/namespaces/default/nothings', 404],
    ['GET', '/apis/none/v1/things', 404],
    ['GET', '/nothing', 404],
    ['POST', '/version', 405],
    ['PUT', maps, 405],
    ['POST', '/api/v1/configmaps', 405],
    ['DELETE', '/api/v1/namespaces', 405],
    ['GET', `${maps}/a/status`, 404],
    ['GET', '/api/v1/namespaces/default/namespaces', 404],
    ['GET', `${maps}/%zz`, 400],
  ])('%s %s is %i', async (method, path, code) => {
    const answer = await api.client.request(method, path);
    expect(answer.code).toBe(code);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });

  it('answers 401 with a Status', async () => {
    const { code, body } = await api.client.get(maps, { Authorization: 'Bearer wrong' });
    expect(code).toBe(401);
    expect(body).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
  });
});

describe('failures', () => {
  it('answers 500 for a fault of its own and lives on', async () => {
    const broken = await startTestApi({
      definitions: [configMap],
      admission: [
        {
          name: 'Broken',
          admit() {
            throw new TypeError('cannot read the mind of the user');
          },
        },
      ],
    });
    try {
      const { code, body } = await broken.client.post(maps, { metadata: { name: 'x' } });
      expect(code).toBe(500);
      expect(body).toMatchObject({
        reason: 'InternalError',
        message: 'Internal error occurred: cannot read the mind of the user',
      });
      expect((await broken.client.get(maps)).code).toBe(200);
    } finally {
      await broken.close();
    }
  });

  it('words refusals as upstream', async () => {
    const strict = await startTestApi({
      definitions: [configMap],
      authorizer: { authorize: ({ verb }) => ({ allowed: verb === 'update', reason: '' }) },
    });
    try {
      const { body } = await strict.client.get(maps, { Authorization: 'Bearer joe' });
      expect(body.message).toBe(
        'configmaps is forbidden: User "joe" cannot list resource "configmaps" in API group "" in the namespace "default"',
      );
      expect((await strict.client.put(`${maps}/new`, { metadata: { name: 'new' } })).code).toBe(404);
    } finally {
      await strict.close();
    }
  });
});
