/** Objects as text: apply, diff, edit, patch, labels, output formats. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectls } from './kubectl.js';
import { makeNamespace } from './lab.js';

function deployment(replicas: number, labels: Record<string, string>): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', labels },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'app' } },
      template: {
        metadata: { labels: { app: 'app' } },
        spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }] }] },
      },
    },
  });
}

describe.each(kubectls.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  let space: Awaited<ReturnType<typeof makeNamespace>>;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubelab-e2e-'));
    space = await makeNamespace('objects');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await space.remove();
  });

  const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];
  const get = (path: string): Promise<string> =>
    client.run(inSpace('get', 'deployment', 'app', '-o', `jsonpath={${path}}`));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('apply on the client side creates, changes and removes fields', async () => {
    expect(
      await client.run(inSpace('apply', '-f', file('a.json', deployment(0, { tier: 'front', old: 'yes' })))),
    ).toMatch(/deployment.apps\/app created/);
    expect(
      await client.run(inSpace('apply', '-f', file('a.json', deployment(0, { tier: 'front', old: 'yes' })))),
    ).toMatch(/unchanged/);
    expect(await client.run(inSpace('apply', '-f', file('a.json', deployment(0, { tier: 'back' }))))).toMatch(
      /configured/,
    );
    expect(JSON.parse(await get('.metadata.labels'))).toEqual({ tier: 'back' });
  });

  test('diff shows the difference and ends with 1, or shows nothing and ends with 0', async () => {
    expect(await client.try(inSpace('diff', '-f', file('a.json', deployment(0, { tier: 'back' }))))).toMatchObject({
      code: 0,
      stdout: '',
    });
    const { code, stdout } = await client.try(inSpace('diff', '-f', file('b.json', deployment(0, { tier: 'middle' }))));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-\s+tier: back$/m);
    expect(stdout).toMatch(/^\+\s+tier: middle$/m);
  });

  test('label, annotate, patch of all three types', async () => {
    await client.run(inSpace('label', 'deployment', 'app', 'colour=green'));
    expect((await client.try(inSpace('label', 'deployment', 'app', 'colour=red'))).stderr).toMatch(
      /already has a value \(green\)/,
    );
    await client.run(inSpace('label', 'deployment', 'app', 'colour-'));
    await client.run(inSpace('annotate', 'deployment', 'app', 'note=seen'));
    expect(await get('.metadata.annotations.note')).toBe('seen');
    await client.run(
      inSpace(
        'patch',
        'deployment',
        'app',
        '--type=strategic',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"}]}]}}}}',
      ),
    );
    expect(await get('.spec.template.spec.containers[0].image')).toBe('nginx');
    await client.run(
      inSpace(
        'patch',
        'deployment',
        'app',
        '--type=merge',
        '-p',
        '{"metadata":{"labels":{"merged":"yes","tier":null}}}',
      ),
    );
    expect(JSON.parse(await get('.metadata.labels'))).toEqual({ merged: 'yes' });
    await client.run(
      inSpace(
        'patch',
        'deployment',
        'app',
        '--type=json',
        '-p',
        '[{"op":"replace","path":"/spec/template/spec/containers/0/env/0/value","value":"2"}]',
      ),
    );
    expect(await get('.spec.template.spec.containers[0].env[0].value')).toBe('2');
  });

  test('edit', async () => {
    const editor = file('editor.sh', '#!/bin/sh\nsed -i "s/note: seen/note: edited/" "$1"\n');
    await client.run(inSpace('edit', 'deployment', 'app'), {
      env: { EDITOR: `sh ${editor}`, KUBE_EDITOR: `sh ${editor}` },
    });
    expect(await get('.metadata.annotations.note')).toBe('edited');
  });

  test('apply on the server side: ownership, conflict, force', async () => {
    const map = (value: string): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shared' }, data: { key: value } });
    const apply = (value: string, ...more: string[]) =>
      client.try(inSpace('apply', '--server-side', ...more, '-f', '-'), { input: map(value) });
    expect(await apply('one', '--field-manager=first')).toMatchObject({ code: 0 });
    const conflict = await apply('two', '--field-manager=second');
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toMatch(/conflict with "first": \.data\.key/);
    expect(await apply('two', '--field-manager=second', '--force-conflicts')).toMatchObject({ code: 0 });
    expect(await client.run(inSpace('get', 'configmap', 'shared', '-o', 'jsonpath={.data.key}'))).toBe('two');
  });

  test('every output format', async () => {
    const of = (format: string): Promise<string> => client.run(inSpace('get', 'deployment', 'app', '-o', format));
    expect(await of('yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/);
    expect(JSON.parse(await of('json'))).toMatchObject({ kind: 'Deployment', metadata: { name: 'app' } });
    expect(await of('jsonpath={.metadata.name}')).toBe('app');
    expect(await of('go-template={{.metadata.name}}')).toBe('app');
    expect(await of('custom-columns=N:.metadata.name,R:.spec.replicas')).toMatch(/^N\s+R\napp\s+0\n$/);
    expect(await of('name')).toBe('deployment.apps/app\n');
    expect(await of('wide')).toMatch(/NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR/);
  });

  test('delete -f', async () => {
    await client.run(inSpace('delete', '-f', join(folder, 'a.json')));
    expect((await client.try(inSpace('get', 'deployment', 'app'))).stderr).toMatch(/deployments.apps "app" not found/);
  });
});
