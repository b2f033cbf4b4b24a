/** Helm, unmodified: a chart as `helm create` makes it, installed, changed, broken, rolled back, tested and taken away. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace } from './lab.js';
import { type Result, run } from './process.js';

const program = process.env['KUBELAB_HELM'];
// Where no helm can be had (see ./kubelab test), there is nothing to try.
const describeHelm = program === undefined ? describe.skip : describe;

interface Release {
  info: { status: string };
  version: number;
}

describeHelm('helm', () => {
  const home = mkdtempSync(join(tmpdir(), 'kubelab-helm-'));
  let space: Awaited<ReturnType<typeof makeNamespace>>;

  beforeAll(async () => {
    space = await makeNamespace('helm');
    await must('create', 'shop');
  });
  afterAll(async () => {
    await space?.remove();
    rmSync(home, { recursive: true, force: true });
  });

  function helm(...args: string[]): Promise<Result> {
    const env = { HOME: home, HELM_NAMESPACE: space.name, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home };
    return run(program ?? 'helm', args, { cwd: home, env, timeoutMs: 150_000 });
  }

  async function must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await helm(...args);
    if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  const latest = ['--set', 'image.tag=latest'];
  const waiting = ['--wait', '--timeout', '2m'];
  const historyOf = async (release: string): Promise<string[]> => {
    const list = JSON.parse(await must('history', release, '-o', 'json')) as { revision: number; status: string }[];
    return list.map(({ revision, status }) => `${revision} ${status}`);
  };
  const replicas = (): Promise<string> =>
    kubectl.run(['get', 'deployment', 'web-shop', '-n', space.name, '-o', 'jsonpath={.status.readyReplicas}']);

  test('shows what the server would make of a chart, and makes nothing', async () => {
    expect(await must('install', 'web', 'shop', '--dry-run=server', ...latest)).toMatch(/kind: Deployment/);
    expect(JSON.parse(await must('list', '-o', 'json'))).toEqual([]);
    expect(await kubectl.run(['get', 'deployments', '-n', space.name, '-o', 'name'])).toBe('');
  });

  test('installs a release and waits until it is ready', async () => {
    await must('install', 'web', 'shop', ...latest, ...waiting);
    expect(await replicas()).toBe('1');
    expect(JSON.parse(await must('list', '-o', 'json'))).toEqual([
      expect.objectContaining({ name: 'web', namespace: space.name, revision: '1', status: 'deployed' }),
    ]);
  });

  test('runs the chart’s own test in the cluster', async () => {
    expect(await must('test', 'web', '--timeout', '2m')).toMatch(/Phase:\s+Succeeded/);
  });

  test('takes a broken upgrade back by itself', async () => {
    const broken = ['--set', 'image.tag=no-such-tag', '--wait', '--timeout', '20s', '--rollback-on-failure'];
    const { code, stderr } = await helm('upgrade', 'web', 'shop', ...broken);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has been rolled back/);
    expect(await historyOf('web')).toEqual(['1 superseded', '2 failed', '3 deployed']);
    expect(await replicas()).toBe('1');
  });

  test('upgrades on the server, and on its own side', async () => {
    await must('upgrade', 'web', 'shop', ...latest, '--set', 'replicaCount=2', ...waiting);
    expect(await replicas()).toBe('2');
    await must('upgrade', 'web', 'shop', ...latest, '--set', 'replicaCount=3', '--server-side=false', ...waiting);
    expect(await replicas()).toBe('3');
  });

  test('rolls back', async () => {
    await must('rollback', 'web', '1', ...waiting);
    expect(await replicas()).toBe('1');
    const { info, version } = JSON.parse(await must('status', 'web', '-o', 'json')) as Release;
    expect([info.status, version]).toEqual(['deployed', 6]);
  });

  test('says what is wrong with a chart that the API does not take', async () => {
    const templates = join(home, 'shop/templates');
    writeFileSync(join(templates, 'wrong.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_A_Name}\n');
    const invalid = await helm('upgrade', 'web', 'shop', ...latest);
    expect([invalid.code, invalid.stderr]).toEqual([
      1,
      expect.stringMatching(/metadata\.name: Invalid value: "Not_A_Name"/),
    ]);
    writeFileSync(join(templates, 'wrong.yaml'), 'apiVersion: example.com/v1\nkind: Nothing\nmetadata: {name: a}\n');
    const unknown = await helm('upgrade', 'web', 'shop', ...latest);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/no matches for kind "Nothing" in version/),
    ]);
    rmSync(join(templates, 'wrong.yaml'));
    expect(await replicas()).toBe('1');
  });

  test('installs the custom kinds of a chart before what uses them', async () => {
    await must('create', 'kinds');
    rmSync(join(home, 'kinds/templates'), { recursive: true });
    const plural = `${space.name}-things`.replaceAll('-', '');
    const group = 'helm.example.com';
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
    };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, kind: 'HelmThing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    };
    const thing = { apiVersion: `${group}/v1`, kind: 'HelmThing', metadata: { name: 'one' }, spec: { size: 3 } };
    for (const [file, content] of Object.entries({ 'crds/kind.json': definition, 'templates/thing.json': thing })) {
      const path = join(home, 'kinds', file.replace('.json', '.yaml'));
      await run('mkdir', ['-p', join(path, '..')]);
      writeFileSync(path, JSON.stringify(content));
    }
    try {
      await must('install', 'things', 'kinds', ...waiting);
      const size = ['get', `${plural}.${group}`, 'one', '-n', space.name, '-o', 'jsonpath={.spec.size}'];
      expect(await kubectl.run(size)).toBe('3');
      await must('uninstall', 'things', ...waiting);
    } finally {
      await kubectl.try(['delete', 'crd', `${plural}.${group}`]);
    }
  });

  test('uninstalls and leaves nothing of its own', async () => {
    await must('uninstall', 'web', ...waiting);
    expect(JSON.parse(await must('list', '-o', 'json'))).toEqual([]);
    const ours = ['-l', 'app.kubernetes.io/instance=web'];
    // Pods may take a little longer than their Deployment. Helm leaves the pods of tests, as it does anywhere.
    await eventually(async () => {
      const left = await kubectl.run(['get', 'all,secrets', '-n', space.name, '-o', 'name', ...ours]);
      expect(left.trim()).toBe('pod/web-shop-test-connection');
    });
  });
});
