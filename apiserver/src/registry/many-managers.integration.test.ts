/** What kubectl's ways to change an object make of its owners, when several of them meet in one object. */

import { readFileSync } from 'node:fs';
import { createKubectl, type Kubectl } from '../testing/kubectl.js';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';

let test: TestApiserver;
let kubectl: Kubectl;

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const maps = '/api/v1/namespaces/default/configmaps';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const lastAppliedField = `metadata.annotations.${lastApplied}`;

interface Deploy {
  replicas?: number;
  image?: string;
  labels?: Record<string, string>;
  env?: readonly { name: string; value: string }[];
}

function deployment(name: string, { replicas, image = 'nginx:1', labels, env }: Deploy = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', ...(labels ? { labels } : {}) },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image, ...(env ? { env } : {}) }] },
      },
    },
  };
}

const configMap = (name: string, data: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

interface Entry {
  manager: string;
  operation: string;
  apiVersion: string;
  subresource?: string;
  time?: string;
  fieldsV1: object;
}

/** `metadata.labels.a`, `spec.containers[{"name":"web"}].image`: the leaves of a set of fields. */
function leaves(fields: object, path = ''): string[] {
  return Object.entries(fields).flatMap(([key, below]) => {
    if (key === '.') return [];
    const here = key.startsWith('f:') ? `${path}${path ? '.' : ''}${key.slice(2)}` : `${path}[${key.slice(2)}]`;
    const inner = Object.keys(below as object).filter((name) => name !== '.');
    return inner.length === 0 ? [here] : leaves(below as object, here);
  });
}

async function entriesOf(path: string): Promise<Entry[]> {
  return (await test.admin.get(path)).body.metadata.managedFields;
}

/** Who owns what: `kubectl-edit Update` or `hpa Update scale` → leaves. */
async function ownersOf(path: string): Promise<Record<string, string[]>> {
  const entries = await entriesOf(path);
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, ...(subresource ? [subresource] : [])].join(' '),
      leaves(fieldsV1),
    ]),
  );
}

async function run(...args: string[]): Promise<string> {
  const { code, out, err } = await kubectl(...args);
  expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
  return out;
}

const container = (name: string): string => `spec.template.spec.containers[{"name":"web"}].${name}`;

const advice = [
  'Please review the fields above--they currently have other managers. Here',
  'are the ways you can resolve this warning:',
].join('\n');

beforeAll(async () => {
  test = await startTestApiserver();
  kubectl = createKubectl(test.kubeconfig);
});
afterAll(async () => {
  kubectl?.close();
  await test?.close();
});

describe('each command is a manager of its own', () => {
  const path = `${deployments}/each`;
  const file = (spec: Deploy): string => kubectl.file('each.json', deployment('each', spec));

  it('apply owns what its file holds', async () => {
    await run('apply', '-f', file({ replicas: 2, labels: { a: '1' } }));
    const owners = await ownersOf(path);
    expect(Object.keys(owners)).toEqual(['kubectl-client-side-apply Update']);
    expect(owners['kubectl-client-side-apply Update']).toEqual(
      expect.arrayContaining([lastAppliedField, 'metadata.labels.a', 'spec.replicas', container('image')]),
    );
  });

  it('scale takes the replicas in an entry of its own, without a time', async () => {
    expect(await run('scale', 'deployment/each', '--replicas=5')).toBe('deployment.apps/each scaled\n');
    const owners = await ownersOf(path);
    expect(owners['kubectl Update scale']).toEqual(['spec.replicas']);
    expect(owners['kubectl-client-side-apply Update']).not.toContain('spec.replicas');
    const entry = (await entriesOf(path)).find(({ subresource }) => subresource === 'scale');
    expect(entry).toEqual({
      manager: 'kubectl',
      operation: 'Update',
      apiVersion: 'apps/v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      subresource: 'scale',
    });
  });

  it('scale to what it is already takes nothing', async () => {
    const before = await entriesOf(path);
    await run('scale', 'deployment/each', '--replicas=5');
    const same = { spec: { replicas: 5 } };
    const answer = await test.admin.patch(`${path}/scale?fieldManager=other`, 'merge', same);
    expect(answer.code).toBe(200);
    const { body } = await test.admin.get(`${path}/scale`);
    expect((await test.admin.put(`${path}/scale?fieldManager=third`, body)).code).toBe(200);
    expect(await entriesOf(path)).toEqual(before);
  });

  it('set image, env and resources share one manager', async () => {
    await run('set', 'image', 'deployment/each', 'web=nginx:2');
    await run('set', 'env', 'deployment/each', 'MODE=fast');
    await run('set', 'resources', 'deployment/each', '--limits=memory=64Mi');
    const owners = await ownersOf(path);
    expect(owners['kubectl-set Update']).toEqual([
      `${container('env')}[{"name":"MODE"}].name`,
      `${container('env')}[{"name":"MODE"}].value`,
      container('image'),
      container('resources.limits.memory'),
    ]);
    expect(owners['kubectl-client-side-apply Update']).not.toContain(container('image'));
  });

  it('label, annotate, patch and rollout go under their names', async () => {
    await run('label', 'deployment/each', 'b=2');
    await run('annotate', 'deployment/each', 'note=yes');
    await run('rollout', 'restart', 'deployment/each');
    await run('patch', 'deployment/each', '-p', '{"spec":{"paused":true}}');
    const owners = await ownersOf(path);
    expect(owners['kubectl-label Update']).toEqual(['metadata.labels.b']);
    expect(owners['kubectl-annotate Update']).toEqual(['metadata.annotations.note']);
    expect(owners['kubectl-patch Update']).toEqual(['spec.paused']);
    expect(owners['kubectl-rollout Update']).toEqual([
      'spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt',
    ]);
  });

  it('edit goes through the editor of the user', async () => {
    const editor = kubectl.file(
      'editor.sh',
      '#!/bin/sh\nsed -i "s/minReadySeconds: .*//; s/revisionHistoryLimit: 10/revisionHistoryLimit: 4/" "$1"\n',
    );
    const edited = await kubectl.with({ KUBE_EDITOR: editor }, 'edit', 'deployment/each');
    expect(edited).toEqual({ code: 0, out: 'deployment.apps/each edited\n', err: '' });
    expect((await ownersOf(path))['kubectl-edit Update']).toEqual(['spec.revisionHistoryLimit']);
    const idle = await kubectl.with({ KUBE_EDITOR: 'true' }, 'edit', 'deployment/each');
    expect(idle.err).toBe('Edit cancelled, no changes made.\n');
  });

  it('edit tells in the file what the server refuses', async () => {
    const editor = kubectl.file(
      'bad-editor.sh',
      '#!/bin/sh\ngrep -q "was not valid" "$1" && cp "$1" "$SEEN"; sed -i "s/replicas: 5/replicas: -5/" "$1"\n',
    );
    const seen = kubectl.file('seen.yaml', '');
    const { code, err } = await kubectl.with({ KUBE_EDITOR: editor, SEEN: seen }, 'edit', 'deployment/each');
    expect(code).toBe(1);
    expect(err).toContain('error: deployments.apps "each" is invalid\n');
    const text = readFileSync(seen, 'utf8');
    expect(text).toContain('# deployments.apps "each" was not valid:\n');
    expect(text).toContain('# * spec.replicas: Invalid value: -5: must be greater than or equal to 0\n');
  });

  it('apply takes back what is in its file, and only that', async () => {
    await run('apply', '-f', file({ replicas: 2, labels: { c: '3' } }));
    const { body } = await test.admin.get(path);
    expect(body.metadata.labels).toEqual({ b: '2', c: '3' });
    expect(body.spec.replicas).toBe(2);
    const [web] = body.spec.template.spec.containers;
    expect(web).toMatchObject({ image: 'nginx:1', env: [{ name: 'MODE', value: 'fast' }] });
    const owners = await ownersOf(path);
    expect(owners['kubectl Update scale']).toBeUndefined();
    expect(owners['kubectl-client-side-apply Update']).toEqual(
      expect.arrayContaining(['spec.replicas', container('image')]),
    );
    expect(owners['kubectl-set Update']).not.toContain(container('image'));
  });

  it('replace becomes the owner of what it changes, and fields it leaves out are gone', async () => {
    await run('replace', '-f', kubectl.file('each.json', deployment('each', { replicas: 3, image: 'nginx:3' })));
    const { body } = await test.admin.get(path);
    expect(body.metadata.labels).toBeUndefined();
    expect(body.metadata.annotations).toBeUndefined();
    expect(body.spec.paused).toBeUndefined();
    const owners = await ownersOf(path);
    expect(owners['kubectl-replace Update']).toEqual(expect.arrayContaining(['spec.replicas', container('image')]));
    expect(owners['kubectl-label Update']).toBeUndefined();
    expect(owners['kubectl-annotate Update']).toBeUndefined();
  });

  it('autoscale owns the autoscaler it makes, and nothing of its target', async () => {
    const before = await entriesOf(path);
    await run('autoscale', 'deployment/each', '--min=2', '--max=4');
    expect(await entriesOf(path)).toEqual(before);
    const hpa = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/each';
    expect(Object.keys(await ownersOf(hpa))).toEqual(['kubectl-autoscale Update']);
  });

  it('shows owners when asked to', async () => {
    expect(await run('get', 'deployment/each', '-o', 'yaml')).not.toContain('managedFields');
    expect(await run('get', 'deployment/each', '-o', 'yaml', '--show-managed-fields')).toContain(
      'f:revisionHistoryLimit',
    );
  });
});

describe('server-side apply against other managers', () => {
  const path = `${deployments}/fought`;
  const file = (spec: Deploy): string => kubectl.file('fought.json', deployment('fought', spec));

  it('tells every conflict by owner and field', async () => {
    await run('apply', '--server-side', '-f', file({ replicas: 1, labels: { a: '1' } }));
    await run('scale', 'deployment/fought', '--replicas=2');
    await run('set', 'image', 'deployment/fought', 'web=nginx:2');
    await run('label', 'deployment/fought', '--overwrite', 'a=2');
    const { code, err } = await kubectl('apply', '--server-side', '-f', file({ replicas: 1, labels: { a: '1' } }));
    expect(code).toBe(1);
    expect(err).toContain('error: Apply failed with 3 conflicts: ');
    const image = '.spec.template.spec.containers[name="web"].image';
    expect(err).toContain('conflicts with "kubectl-label" using apps/v1:\n- .metadata.labels.a\n');
    expect(err).toContain('conflicts with "kubectl" with subresource "scale" using apps/v1:\n- .spec.replicas\n');
    expect(err).toContain(`conflicts with "kubectl-set" using apps/v1:\n- ${image}\n`);
    expect(err).toContain(advice);
  });

  it('tells a single conflict in one line', async () => {
    const { err } = await kubectl('apply', '--server-side', '-f', file({ replicas: 1, image: 'nginx:2' }));
    expect(err.split('\n')[0]).toBe(
      'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('shows the conflict in a diff as well', async () => {
    const args = ['diff', '--server-side', '-f', file({ replicas: 7, image: 'nginx:2' })];
    const refused = await kubectl(...args);
    expect(refused.code).toBeGreaterThan(1);
    expect(refused.err).toContain('Apply failed with 1 conflict');
    const forced = await kubectl(...args, '--force-conflicts');
    expect(forced.code).toBe(1);
    expect(forced.out).toMatch(/^-\s+replicas: 2\n\+\s+replicas: 7$/m);
    expect((await test.admin.get(path)).body.spec.replicas).toBe(2);
  });

  it('takes over by force, and the others lose what was taken', async () => {
    const out = await run(
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      file({ replicas: 1, labels: { a: '1' } }),
    );
    expect(out).toBe('deployment.apps/fought serverside-applied\n');
    const owners = await ownersOf(path);
    expect(Object.keys(owners)).toEqual(['kubectl Apply']);
    expect((await test.admin.get(path)).body.spec.replicas).toBe(1);
  });

  it('shares what two appliers agree on, and refuses the third opinion', async () => {
    const other = deployment('fought', { replicas: 1, labels: { a: '1', z: '26' } });
    await run('apply', '--server-side', '--field-manager=other', '-f', kubectl.file('other.json', other));
    const owners = await ownersOf(path);
    expect(owners['kubectl Apply']).toContain('spec.replicas');
    expect(owners['other Apply']).toContain('spec.replicas');
    const third = kubectl.file('third.json', deployment('fought', { replicas: 9 }));
    const { err } = await kubectl('apply', '--server-side', '--field-manager=third', '-f', third);
    expect(err).toContain('error: Apply failed with 2 conflicts: conflicts with "kubectl":\n- .spec.replicas\n');
    expect(err).toContain('conflicts with "other":\n- .spec.replicas\n');
  });

  it('removes what its last applier drops, and keeps what another still wants', async () => {
    await run('apply', '--server-side', '-f', file({}));
    let { body } = await test.admin.get(path);
    expect(body.metadata.labels).toEqual({ a: '1', z: '26' });
    expect(body.spec.replicas).toBe(1);
    const other = kubectl.file('other.json', deployment('fought', {}));
    await run('apply', '--server-side', '--field-manager=other', '-f', other);
    ({ body } = await test.admin.get(path));
    expect(body.metadata.labels).toBeUndefined();
    // Nobody wants a number any more: the default comes back, and no one owns it.
    expect(body.spec.replicas).toBe(1);
    expect(JSON.stringify(await entriesOf(path))).not.toContain('f:replicas');
  });

  it('leaves the replicas to an autoscaler that took them over', async () => {
    await run('apply', '--server-side', '-f', file({ replicas: 3 }));
    await run('scale', 'deployment/fought', '--replicas=6');
    // Dropping the field is no conflict, and nothing is removed: the other one owns it.
    await run('apply', '--server-side', '-f', file({}));
    expect((await test.admin.get(path)).body.spec.replicas).toBe(6);
    expect((await ownersOf(path))['kubectl Update scale']).toEqual(['spec.replicas']);
  });
});

describe('from client-side to server-side apply', () => {
  const file = (name: string, data: Record<string, string>): string =>
    kubectl.file(`${name}.json`, configMap(name, data));

  it('moves ownership without a conflict, and later drops what the file drops', async () => {
    const path = `${maps}/moved`;
    await run('apply', '-f', file('moved', { a: '1', b: '1' }));
    expect(Object.keys(await ownersOf(path))).toEqual(['kubectl-client-side-apply Update']);
    await run('apply', '--server-side', '-f', file('moved', { a: '2', b: '1' }));
    const owners = await ownersOf(path);
    expect(owners['kubectl-client-side-apply Update']).toBeUndefined();
    expect(owners['kubectl Apply']).toEqual(expect.arrayContaining(['data.a', 'data.b']));
    expect(owners['kubectl-last-applied Apply']).toEqual([lastAppliedField]);
    await run('apply', '--server-side', '-f', file('moved', { a: '2' }));
    const { body } = await test.admin.get(path);
    expect(body.data).toEqual({ a: '2' });
    // The server keeps the annotation in step for those who go back.
    expect(JSON.parse(body.metadata.annotations[lastApplied]).data).toEqual({ a: '2' });
  });

  it('goes back to client-side apply', async () => {
    await run('apply', '-f', file('moved', { c: '3' }));
    const { body } = await test.admin.get(`${maps}/moved`);
    expect(body.data).toEqual({ c: '3' });
    expect(JSON.parse(body.metadata.annotations[lastApplied]).data).toEqual({ c: '3' });
  });

  it('does not move what others own', async () => {
    await run('apply', '-f', file('contested', { a: '1', b: '1' }));
    await run('patch', 'configmap', 'contested', '-p', '{"data":{"b":"patched"}}');
    const { err } = await kubectl('apply', '--server-side', '-f', file('contested', { a: '1', b: '1' }));
    expect(err.split('\n')[0]).toBe(
      'error: Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.b',
    );
  });

  it('reads and writes what was applied last', async () => {
    await run('apply', '-f', file('last', { a: '1' }));
    expect(await run('apply', 'view-last-applied', 'configmap/last', '-o', 'json')).toContain('"a": "1"');
    await run('apply', 'set-last-applied', '-f', file('last', { a: '1', gone: 'yes' }));
    await run('apply', '-f', file('last', { a: '1' }));
    expect((await test.admin.get(`${maps}/last`)).body.data).toEqual({ a: '1' });
  });

  it('warns when the object was made without apply, and then keeps the rest of it', async () => {
    await run('create', 'configmap', 'made', '--from-literal=x=1');
    const applied = await kubectl('apply', '-f', file('made', { y: '2' }));
    expect(applied.err).toContain(`resource configmaps/made is missing the ${lastApplied} annotation`);
    expect((await test.admin.get(`${maps}/made`)).body.data).toEqual({ x: '1', y: '2' });
  });
});

describe('status', () => {
  const path = `${deployments}/watched`;

  it('has owners of its own', async () => {
    await run('create', 'deployment', 'watched', '--image=nginx:1');
    const patch = ['patch', 'deployment', 'watched', '--subresource=status', '--type=merge', '-p'];
    await run(...patch, '{"status":{"replicas":1},"spec":{"replicas":9}}');
    const { body } = await test.admin.get(path);
    expect(body.spec.replicas).toBe(1);
    const owners = await ownersOf(path);
    expect(owners['kubectl-patch Update status']).toEqual(['status.replicas']);
    expect(owners['kubectl-create Update']).not.toContain('status.replicas');
  });

  it('is applied and fought over like the rest', async () => {
    const status = (replicas: number): object => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'watched', namespace: 'default' },
      status: { replicas },
    });
    const apply = (replicas: number, ...more: string[]): Promise<{ code: number; err: string }> =>
      kubectl(
        'apply',
        '--server-side',
        '--subresource=status',
        ...more,
        '-f',
        kubectl.file('status.json', status(replicas)),
      );
    expect((await apply(4)).err.split('\n')[0]).toBe(
      'error: Apply failed with 1 conflict: conflict with "kubectl-patch" with subresource "status" using apps/v1: .status.replicas',
    );
    expect((await apply(4, '--force-conflicts')).code).toBe(0);
    const owners = await ownersOf(path);
    expect(owners['kubectl Apply status']).toEqual(['status.replicas']);
    expect(owners['kubectl-patch Update status']).toBeUndefined();
  });

  it('is not applied with what it does not write', async () => {
    const apply = async (url: string, apiVersion: string, kind: string, more: object): Promise<string[]> => {
      const name = url.split('/').at(-1);
      const metadata = { name, labels: { mine: 'yes' }, annotations: { mine: 'yes' } };
      const body = { apiVersion, kind, metadata, spec: {}, ...more };
      const query = 'fieldManager=status-writer&force=true';
      const { code, body: answer } = await test.admin.patch(`${url}/status?${query}`, 'apply', body);
      expect([code, answer.message]).toEqual([200, undefined]);
      return (await ownersOf(url))['status-writer Apply status'] ?? [];
    };
    // Of deployments labels stay out, of pods owners, of volume attachments all metadata.
    const status = { status: { replicas: 4 } };
    expect(await apply(path, 'apps/v1', 'Deployment', status)).toEqual([
      'metadata.annotations.mine',
      'status.replicas',
    ]);
    const set = '/apis/apps/v1/namespaces/default/replicasets';
    const { spec } = deployment('set') as { spec: object };
    await test.admin.post(set, { metadata: { name: 'set' }, spec });
    expect(await apply(`${set}/set`, 'apps/v1', 'ReplicaSet', status)).toEqual([
      'metadata.annotations.mine',
      'metadata.labels.mine',
      'status.replicas',
    ]);
    const attachments = '/apis/storage.k8s.io/v1/volumeattachments';
    const source = { persistentVolumeName: 'p' };
    await test.admin.post(attachments, { metadata: { name: 'a' }, spec: { attacher: 'a', nodeName: 'n', source } });
    expect(
      await apply(`${attachments}/a`, 'storage.k8s.io/v1', 'VolumeAttachment', { status: { attached: true } }),
    ).toEqual(['status.attached']);
  });

  it('is not touched, nor owned, by an apply of the whole object', async () => {
    const whole = { ...deployment('watched', { replicas: 1 }), status: { replicas: 77 } };
    await run('apply', '--server-side', '--force-conflicts', '-f', kubectl.file('whole.json', whole));
    expect((await test.admin.get(path)).body.status.replicas).toBe(4);
    expect((await ownersOf(path))['kubectl Apply']).not.toContain('status.replicas');
  });
});
