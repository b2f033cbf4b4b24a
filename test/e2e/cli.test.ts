/** The kubelab command itself, against the running lab. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, nodeNames, project, root } from './lab.js';
import { run } from './process.js';

test('a second up changes nothing and says so', async () => {
  const before = await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}']);
  const { code, stdout } = await kubelab(['up']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/nothing (to do|changed)|already/i);
  expect(await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}'])).toBe(before);
});

test('status, node list, kubeconfig, logs', async () => {
  const status = (await kubelab(['status'])).stdout;
  for (const name of ['apiserver', 'etcd', 'scheduler', 'controller-manager', 'registry', 'node-1', 'node-2', 'node-3'])
    expect(status).toContain(name);
  expect((await kubelab(['node', 'list'])).stdout).toMatch(/node-1.*Ready/);
  expect((await kubelab(['kubeconfig'])).stdout).toMatch(/current-context: /);
  for (const component of ['apiserver', 'scheduler', 'node-1']) {
    const { code, stdout, stderr } = await kubelab(['logs', component]);
    expect({ component, code }).toEqual({ component, code: 0 });
    expect(`${stdout}${stderr}`.length).toBeGreaterThan(0);
  }
});

test.each<[string, string[], number, RegExp]>([
  ['an unknown command', ['explode'], 2, /unknown command/],
  ['an unknown flag', ['up', '--fast'], 2, /unknown option/],
  ['a missing argument', ['node', 'kill'], 2, /missing required argument/],
  ['an unknown node', ['node', 'kill', 'node-99'], 1, /node-99/],
  ['a component there is none of', ['logs', 'nothing'], 1, /nothing/],
  ['an image that is nowhere', ['image', 'load', 'no-such-image:v0'], 1, /no-such-image:v0/],
  ['a file that is missing', ['image', 'load', '/no/such/file.tar'], 1, /file\.tar/],
])('%s: one clear sentence', async (_name, args, code, message) => {
  const result = await kubelab(args);
  expect(result.code).toBe(code);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/at .*\.(ts|mjs|js):\d+/);
});

test('another checkout does not touch this one’s cluster', async () => {
  const other = mkdtempSync(join(tmpdir(), 'kubelab-other-'));
  try {
    for (const command of ['up', 'down']) {
      const args = [join(root, 'dist/bundle/cli.mjs'), '--project', project, command];
      const { code, stderr } = await run(process.execPath, args, { env: { KUBELAB_ROOT: other } });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^kubelab: The cluster \S+ on this engine belongs to another checkout, \/.*\.$/m);
    }
  } finally {
    rmSync(other, { recursive: true });
  }
  expect(await nodeNames()).toContain('node-1');
});

test('--help everywhere', async () => {
  for (const args of [
    [],
    ['up'],
    ['down'],
    ['status'],
    ['kubeconfig'],
    ['node'],
    ['node', 'add'],
    ['image'],
    ['image', 'load'],
    ['logs'],
    ['test'],
  ]) {
    const { code, stdout } = await kubelab([...args, '--help']);
    expect({ args, code }).toEqual({ args, code: 0 });
    expect(stdout).toMatch(/Usage: /);
  }
});

test('node add brings a node that runs pods and has the loaded images; node remove takes it away', async () => {
  const { code, stderr } = await kubelab(['node', 'add', 'extra']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.anything() });
  const space = await makeNamespace('extra');
  try {
    expect(await nodeNames()).toContain('extra');
    const overrides = JSON.stringify({ spec: { nodeName: 'extra' } });
    await kubectl.run(['-n', space.name, 'run', 'nginx', '--image=nginx', `--overrides=${overrides}`]);
    await kubectl.run(['-n', space.name, 'wait', '--for=condition=Ready', 'pod/nginx', '--timeout=80s']);
  } finally {
    await space.remove();
    expect(await kubelab(['node', 'remove', 'extra'])).toMatchObject({ code: 0 });
  }
  await eventually(async () => expect(await nodeNames()).not.toContain('extra'), { what: 'the node to be gone' });
});
