import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { freePort } from '@kubelab/testkit/ports';
import { ConnectionError, type KubeClient } from './client.js';
import { createClient, resourcePath } from './rest-client.js';
import { CollectionServer, status } from './testing/collection-server.js';

const pods: ResourceType = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const roles: ResourceType = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
};
const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
});

let server: CollectionServer;
let client: KubeClient;

beforeEach(async () => {
  server = await CollectionServer.start();
  client = createClient({ server: `${server.url}/prefix`, token: 'secret', userAgent: 'test/1' });
});
afterEach(async () => {
  client.close();
  await server.close();
});

function answer(code: number, body: unknown): void {
  server.intercept = (_request, response) => {
    response.writeHead(code, { 'Content-Type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return true;
  };
}

test.each<[Parameters<typeof resourcePath>, string]>([
  [[pods], '/api/v1/pods'],
  [[pods, 'ns'], '/api/v1/namespaces/ns/pods'],
  [[pods, 'ns', 'p', 'log'], '/api/v1/namespaces/ns/pods/p/log'],
  [[roles, 'ignored', 'system:node'], '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode'],
  [[pods, 'ns', 'a/b'], '/api/v1/namespaces/ns/pods/a%2Fb'],
])('%j', (args, path) => {
  expect(resourcePath(...args)).toBe(path);
});

describe('requests', () => {
  test.each<[string, () => Promise<unknown>, string, string, string | undefined]>([
    [
      'get',
      () => client.get(pods, 'p', 'ns', { resourceVersion: '0' }),
      'GET',
      '/prefix/api/v1/namespaces/ns/pods/p?resourceVersion=0',
      undefined,
    ],
    [
      'list',
      () => client.list(pods, undefined, { labelSelector: 'a in (b,c)', limit: 5 }),
      'GET',
      '/prefix/api/v1/pods?labelSelector=a+in+%28b%2Cc%29&limit=5',
      undefined,
    ],
    ['create', () => client.create(pods, pod('p')), 'POST', '/prefix/api/v1/namespaces/ns/pods', 'application/json'],
    ['update', () => client.update(pods, pod('p')), 'PUT', '/prefix/api/v1/namespaces/ns/pods/p', 'application/json'],
    [
      'updateStatus',
      () => client.updateStatus(pods, pod('p')),
      'PUT',
      '/prefix/api/v1/namespaces/ns/pods/p/status',
      'application/json',
    ],
    [
      'json patch',
      () => client.patch(pods, 'p', 'ns', 'json', []),
      'PATCH',
      '/prefix/api/v1/namespaces/ns/pods/p',
      'application/json-patch+json',
    ],
    [
      'strategic patch of a subresource',
      () => client.patch(pods, 'p', 'ns', 'strategic', {}, { subresource: 'status' }),
      'PATCH',
      '/prefix/api/v1/namespaces/ns/pods/p/status',
      'application/strategic-merge-patch+json',
    ],
    [
      'apply',
      () => client.patch(pods, 'p', 'ns', 'apply', {}, { fieldManager: 'me', force: true }),
      'PATCH',
      '/prefix/api/v1/namespaces/ns/pods/p?fieldManager=me&force=true',
      'application/apply-patch+yaml',
    ],
    [
      'delete',
      () => client.delete(pods, 'p', 'ns', { gracePeriodSeconds: 0 }),
      'DELETE',
      '/prefix/api/v1/namespaces/ns/pods/p',
      'application/json',
    ],
    [
      'deleteCollection',
      () => client.deleteCollection(pods, 'ns', { labelSelector: 'a=b' }),
      'DELETE',
      '/prefix/api/v1/namespaces/ns/pods?labelSelector=a%3Db',
      'application/json',
    ],
    [
      'binding',
      () => client.createSubresource(pods, 'p', 'ns', 'binding', {}),
      'POST',
      '/prefix/api/v1/namespaces/ns/pods/p/binding',
      'application/json',
    ],
  ])('%s', async (_name, call, method, url, contentType) => {
    answer(200, { metadata: {} });
    await call();
    const [request] = server.requests;
    const query = request?.query.toString();
    expect(`${request?.path}${query ? `?${query}` : ''}`).toBe(url);
    expect(request?.method).toBe(method);
    expect(request?.headers['content-type']).toBe(contentType);
    expect(request?.headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'test/1' });
  });

  test('objects get the kind that lists leave out; delete options are whole', async () => {
    answer(200, {});
    const { apiVersion: _version, kind: _kind, ...bare } = pod('p');
    await client.update(pods, bare as KubeObject);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
    });
    await client.delete(pods, 'p', 'ns', { propagationPolicy: 'Foreground', preconditions: { uid: 'u' } });
    expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u' },
    });
  });

  test('a token that rotates is asked for every time', async () => {
    let number = 0;
    const rotating = createClient({ server: server.url, token: () => `t${++number}` });
    answer(200, {});
    await rotating.get(pods, 'p', 'ns');
    await rotating.get(pods, 'p', 'ns');
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2']);
    rotating.close();
  });

  test('metadata only is asked for by its media type', async () => {
    answer(200, { items: [], metadata: {} });
    await client.list(pods, 'ns', { metadataOnly: true });
    expect(server.requests[0]?.headers.accept).toMatch(
      /^application\/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,/,
    );
    expect(server.requests[0]?.query.has('metadataOnly')).toBe(false);
  });
});

describe('errors', () => {
  test('a Status is thrown as it was answered', async () => {
    answer(404, status(404, 'NotFound', 'pods "p" not found'));
    const failure = client.get(pods, 'p', 'ns');
    await expect(failure).rejects.toMatchObject({ code: 404, reason: 'NotFound', message: 'pods "p" not found' });
    expect(isNotFound(await failure.catch((error: unknown) => error))).toBe(true);
  });

  test('an answer that is no Status is quoted', async () => {
    answer(502, '<html>bad gateway</html>');
    await expect(client.get(pods, 'p', 'ns')).rejects.toMatchObject({
      code: 502,
      message: 'the server answered 502: <html>bad gateway</html>',
    });
  });

  test('nobody there is a ConnectionError that says where', async () => {
    const port = await freePort();
    const lonely = createClient({ server: `http://127.0.0.1:${port}` });
    const error = await lonely.get(pods, 'p', 'ns').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toMatch(
      new RegExp(`^GET 127.0.0.1:${port}/api/v1/namespaces/ns/pods/p: .*ECONNREFUSED`),
    );
    lonely.close();
  });

  test('an answer that breaks off is a ConnectionError', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{"kind":');
      setImmediate(() => response.destroy());
      return true;
    };
    await expect(client.get(pods, 'p', 'ns')).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe('watch', () => {
  const collect = async (signal = new AbortController().signal) => {
    const types: string[] = [];
    for await (const { type } of client.watch(pods, 'ns', { resourceVersion: '5' }, signal)) types.push(type);
    return types;
  };

  test('lines are put together however they are cut', async () => {
    const text = ['ADDED', 'MODIFIED', 'DELETED']
      .map((type) => JSON.stringify({ type, object: { text: 'ä€' } }))
      .join('\n');
    server.intercept = (_request, response) => {
      const bytes = Buffer.from(`${text}\n`);
      let at = 0;
      const write = (): void => {
        if (at >= bytes.length) {
          response.end();
          return;
        }
        response.write(bytes.subarray(at, at + 7));
        at += 7;
        setImmediate(write);
      };
      write();
      return true;
    };
    expect(await collect()).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(server.requests[0]?.query.get('watch')).toBe('true');
  });

  test('an ERROR event is thrown as its Status', async () => {
    answer(200, `${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired', 'too old') })}\n`);
    await expect(collect()).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  test('a refusal is thrown before the first event', async () => {
    answer(403, status(403, 'Forbidden', 'no'));
    await expect(collect()).rejects.toMatchObject({ code: 403 });
  });

  test('a stream that is cut is a ConnectionError, one that we stop is not', async () => {
    server.intercept = (_request, response) => {
      response.write('\n');
      setImmediate(() => response.destroy());
      return true;
    };
    await expect(collect()).rejects.toBeInstanceOf(ConnectionError);
    server.intercept = (_request, response) => response.write('\n');
    const stop = new AbortController();
    const watching = collect(stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(watching).rejects.not.toBeInstanceOf(ConnectionError);
  });
});
