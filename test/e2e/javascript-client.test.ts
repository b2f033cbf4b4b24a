/** The official JavaScript client, unmodified: objects, patches, watches, informers, custom kinds, streams. */

import { createConnection, createServer, type Server } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { eventually } from '@kubelab/testkit/eventually';
import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Pod,
  type V1Status,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import { kubectl } from './kubectl.js';
import { makeNamespace } from './lab.js';

const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const apps = config.makeApiClient(AppsV1Api);
let space: Awaited<ReturnType<typeof makeNamespace>>;
let namespace: string;

const pod: V1Pod = {
  metadata: { name: 'box' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'busybox',
        command: ['sh', '-c', 'echo started; echo greetings > /index.html; httpd -f -p 8080 -h /'],
      },
    ],
  },
};

beforeAll(async () => {
  space = await makeNamespace('jsclient');
  namespace = space.name;
  await core.createNamespacedPod({ namespace, body: pod });
});
afterAll(() => space.remove());

async function failure(action: Promise<unknown>): Promise<{ code: number; status: V1Status }> {
  try {
    await action;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    return { code: error.code, status: JSON.parse(error.body as string) as V1Status };
  }
  throw new Error('it did not fail');
}

test('create, read, list, replace, delete, and upstream’s errors for what cannot be', async () => {
  const body: V1ConfigMap = { metadata: { name: 'one', labels: { app: 'x' } }, data: { key: 'value' } };
  const created = await core.createNamespacedConfigMap({ namespace, body });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const again = await failure(core.createNamespacedConfigMap({ namespace, body }));
  expect([again.code, again.status.reason, again.status.message]).toEqual([
    409,
    'AlreadyExists',
    'configmaps "one" already exists',
  ]);
  const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=x', limit: 1 });
  expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(['one']);
  await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...created, data: { key: 'new' } } });
  const stale = await failure(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: created }));
  expect([stale.code, stale.status.reason]).toEqual([409, 'Conflict']);
  const dry = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'dry' } }, dryRun: 'All' });
  expect(dry.metadata?.uid).toBeTruthy();
  await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
  for (const name of ['one', 'dry']) {
    expect((await failure(core.readNamespacedConfigMap({ namespace, name }))).code).toBe(404);
  }
  expect((await config.makeApiClient(VersionApi).getCode()).major).toBe('1');
});

test('all four kinds of patches', async () => {
  const labels = { app: 'patched' };
  const container = (name: string) => ({ name, image: 'busybox', command: ['sleep', '1000'] });
  const body = {
    metadata: { name: 'patched' },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container('a'), container('b')] } },
    },
  };
  await apps.createNamespacedDeployment({ namespace, body });
  const patch = (content: unknown, strategy: PatchStrategy, extra = {}) =>
    apps.patchNamespacedDeployment(
      { namespace, name: 'patched', body: content, ...extra },
      setHeaderOptions('Content-Type', strategy),
    );
  const names = (answer: Awaited<ReturnType<typeof patch>>): unknown[] =>
    (answer.spec?.template.spec?.containers ?? []).map(({ name, image }) => `${name}=${image}`);
  const containers = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'b', image }] } } } });

  const path = '/spec/template/spec/containers/0/image';
  expect(names(await patch([{ op: 'replace', path, value: 'redis' }], PatchStrategy.JsonPatch))).toEqual([
    'a=redis',
    'b=busybox',
  ]);
  expect(names(await patch(containers('nginx'), PatchStrategy.StrategicMergePatch))).toEqual(['a=redis', 'b=nginx']);
  expect(names(await patch(containers('memcached'), PatchStrategy.MergePatch))).toEqual(['b=memcached']);
  const applied = { apiVersion: 'apps/v1', kind: 'Deployment', ...containers('busybox') };
  const options = { fieldManager: 'tester' };
  const conflict = await failure(patch(applied, PatchStrategy.ServerSideApply, options));
  expect([conflict.code, conflict.status.reason]).toEqual([409, 'Conflict']);
  expect(conflict.status.details?.causes?.[0]?.field).toBe('.spec.template.spec.containers[name="b"].image');
  const forced = await patch(applied, PatchStrategy.ServerSideApply, { ...options, force: true });
  expect(names(forced)).toEqual(['b=busybox']);
  expect(forced.metadata?.managedFields?.map(({ manager, operation }) => [manager, operation])).toContainEqual([
    'tester',
    'Apply',
  ]);
});

test('a watch and an informer see every change once', async () => {
  const seen: string[] = [];
  const informer = makeInformer<V1ConfigMap>(
    config,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector: 'app=watched' }),
    'app=watched',
  );
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, (object) => seen.push(`${verb} ${object.metadata?.name} ${object.data?.['n'] ?? ''}`));
  }
  await informer.start();
  const phases: string[] = [];
  const watch = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { labelSelector: 'app=watched', allowWatchBookmarks: true },
    (phase, object: V1ConfigMap) => phases.push(`${phase} ${object.metadata?.name}`),
    () => undefined,
  );
  try {
    const metadata = { name: 'w', labels: { app: 'watched' } };
    await core.createNamespacedConfigMap({ namespace, body: { metadata, data: { n: '1' } } });
    await core.replaceNamespacedConfigMap({ namespace, name: 'w', body: { metadata, data: { n: '2' } } });
    await core.deleteNamespacedConfigMap({ namespace, name: 'w' });
    await eventually(() => {
      expect(seen).toEqual(['add w 1', 'update w 2', 'delete w 2']);
      expect(phases).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w']);
    });
  } finally {
    watch.abort();
    await informer.stop();
  }
});

test('a custom kind, from its definition to its objects', async () => {
  const group = `${namespace}.example.com`;
  const definitions = config.makeApiClient(ApiextensionsV1Api);
  const name = `widgets.${group}`;
  await definitions.createCustomResourceDefinition({
    body: {
      metadata: { name },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { size: { type: 'integer', maximum: 5 } } } },
              },
            },
          },
        ],
      },
    },
  });
  try {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const widget = (size: number) => ({
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name: 'w', namespace },
      spec: { size },
    });
    await eventually(() => objects.create(widget(3)), { what: 'the kind to be served' });
    const large = await failure(
      objects.patch(widget(9), undefined, undefined, undefined, undefined, PatchStrategy.MergePatch),
    );
    expect([large.code, large.status.reason]).toEqual([422, 'Invalid']);
    const listed = (await config
      .makeApiClient(CustomObjectsApi)
      .listNamespacedCustomObject({ group, version: 'v1', namespace, plural: 'widgets' })) as { items: unknown[] };
    expect(listed.items).toMatchObject([{ spec: { size: 3 } }]);
  } finally {
    await definitions.deleteCustomResourceDefinition({ name });
  }
});

describe('a running pod', () => {
  beforeAll(() =>
    kubectl.run(['-n', namespace, 'wait', '--for=condition=Ready', 'pod/box', '--timeout=90s']).then(() => undefined),
  );

  const collect = (stream: PassThrough): (() => string) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    return () => text;
  };

  test('exec gives both streams and the exit code', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const [out, err] = [collect(stdout), collect(stderr)];
    const status = await new Promise<V1Status>((resolve, reject) => {
      const command = ['sh', '-c', 'head -c 5; echo problem >&2; exit 3'];
      new Exec(config)
        .exec(namespace, 'box', 'main', command, stdout, stderr, Readable.from(['hello']), false, resolve)
        .catch(reject);
    });
    expect([out(), err()]).toEqual(['hello', 'problem\n']);
    expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
    expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '3' }]);
  });

  test('logs', async () => {
    const stream = new PassThrough();
    const text = collect(stream);
    await new Log(config).log(namespace, 'box', 'main', stream, { tailLines: 1 });
    await eventually(() => expect(text()).toBe('started\n'));
  });

  test('port-forward', async () => {
    const forward = new PortForward(config);
    const server: Server = createServer((socket) => {
      forward
        .portForward(namespace, 'box', [8080], socket, null, socket)
        .catch((error: Error) => socket.destroy(error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = createConnection(address.port, '127.0.0.1', () => {
          socket.write('GET /index.html HTTP/1.0\r\n\r\n');
        });
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString('utf8');
          if (text.includes('greetings')) {
            socket.destroy();
            resolve(text);
          }
        });
        socket.on('error', reject);
        socket.on('close', () => reject(new Error(`closed after ${text}`)));
      });
      expect(answer).toMatch(/^HTTP\/1\.[01] 200/);
    } finally {
      server.close();
    }
  });
});
