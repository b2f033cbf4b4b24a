import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kubeconfig } from '@kubelab/client/kubeconfig';
import { systemClock } from '@kubelab/component/clock';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { dump, load } from 'js-yaml';
import { withLock } from './lock.js';
import { hasContext, mergeContext, removeContext } from './merge.js';
import { mergeIntoUserFile, removeEmptyFile, removeFromUserFile, userKubeconfig } from './user-file.js';

function configOf(name: string, server = 'https://127.0.0.1:6443'): Kubeconfig {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: `token of ${name}` } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
    preferences: {},
  };
}

describe('mergeContext', () => {
  it('adds the lab beside what is there and makes it current', () => {
    const merged = mergeContext(configOf('work'), configOf('kubelab'));
    expect(merged.contexts?.map(({ name }) => name)).toEqual(['work', 'kubelab']);
    expect(merged['current-context']).toBe('kubelab');
  });

  it('replaces an older lab of the same name', () => {
    const merged = mergeContext(configOf('kubelab', 'https://old'), configOf('kubelab', 'https://new'));
    expect(merged.clusters).toEqual([{ name: 'kubelab', cluster: { server: 'https://new' } }]);
  });

  it('makes a kubeconfig of nothing, and of lists that kubectl wrote as null', () => {
    expect(mergeContext({}, configOf('kubelab'))).toEqual(configOf('kubelab'));
    const empty = { clusters: null, users: null, contexts: null } as unknown as Kubeconfig;
    expect(mergeContext(empty, configOf('kubelab'))).toMatchObject(configOf('kubelab'));
  });

  it('keeps fields it does not know', () => {
    const existing = { ...configOf('work'), extensions: [{ name: 'x' }] } as Kubeconfig;
    expect(mergeContext(existing, configOf('kubelab'))).toHaveProperty('extensions', [{ name: 'x' }]);
  });
});

describe('removeContext', () => {
  it('is the opposite of merging, but for the current context', () => {
    const merged = mergeContext(configOf('work'), configOf('kubelab'));
    expect(removeContext(merged, 'kubelab')).toEqual({ ...configOf('work'), 'current-context': '' });
  });

  it("leaves another's current context alone", () => {
    const merged = { ...mergeContext(configOf('work'), configOf('kubelab')), 'current-context': 'work' };
    expect(removeContext(merged, 'kubelab')['current-context']).toBe('work');
  });

  it('knows when there is nothing to do', () => {
    expect(hasContext(configOf('work'), 'kubelab')).toBe(false);
    expect(hasContext({ users: configOf('kubelab').users! }, 'kubelab')).toBe(true);
  });
});

describe("the user's file", () => {
  let folder: string;
  let path: string;
  let labFile: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelab-kubeconfig-'));
    path = join(folder, 'new/config');
    labFile = join(folder, 'lab');
    writeFileSync(labFile, dump(configOf('kubelab')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made with its folder, for its owner alone', async () => {
    expect(await mergeIntoUserFile(labFile, systemClock, path)).toBe(true);
    expect(load(readFileSync(path, 'utf8'))).toEqual(configOf('kubelab'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('is not written when nothing changes', async () => {
    await mergeIntoUserFile(labFile, systemClock, path);
    const before = statSync(path).ino;
    expect(await mergeIntoUserFile(labFile, systemClock, path)).toBe(false);
    expect(statSync(path).ino).toBe(before);
  });

  it('keeps its mode', async () => {
    const existing = join(folder, 'existing');
    writeFileSync(existing, dump(configOf('work')));
    chmodSync(existing, 0o640);
    await mergeIntoUserFile(labFile, systemClock, existing);
    expect(statSync(existing).mode & 0o777).toBe(0o640);
  });

  it('loses the context again', async () => {
    const existing = join(folder, 'existing');
    writeFileSync(existing, dump(configOf('work')));
    await mergeIntoUserFile(labFile, systemClock, existing);
    expect(await removeFromUserFile('kubelab', systemClock, existing)).toBe(true);
    expect(load(readFileSync(existing, 'utf8'))).toEqual({ ...configOf('work'), 'current-context': '' });
    expect(await removeFromUserFile('kubelab', systemClock, existing)).toBe(false);
    expect(await removeFromUserFile('kubelab', systemClock, path)).toBe(false);
  });

  it('is removed only when nothing is left in it', async () => {
    await mergeIntoUserFile(labFile, systemClock, path);
    removeEmptyFile(path);
    expect(existsSync(path)).toBe(true);
    await removeFromUserFile('kubelab', systemClock, path);
    removeEmptyFile(path);
    expect(existsSync(path)).toBe(false);
    removeEmptyFile(path);
  });

  it('is left alone when it cannot be read', async () => {
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'a: [');
    await expect(mergeIntoUserFile(labFile, systemClock, broken)).rejects.toThrow('is not a kubeconfig');
    expect(readFileSync(broken, 'utf8')).toBe('a: [');
  });

  it('is waited for while kubectl has it, but not for ever', async () => {
    const clock = new FakeClock();
    writeFileSync(`${labFile}.lock`, '');
    let ran = false;
    const waiting = withLock(labFile, clock, () => {
      ran = true;
    });
    waiting.catch(() => undefined);
    for (let turn = 0; turn < 60; turn++) await clock.advance(100);
    await settle();
    await expect(waiting).rejects.toThrow('is locked by another program');
    expect(ran).toBe(false);
  });

  it.each([
    ['the first file of KUBECONFIG that exists', () => `${folder}/none:${labFile}`, () => labFile],
    ['its last file when none exists', () => `${folder}/a:${folder}/b`, () => `${folder}/b`],
    ['the default without KUBECONFIG', () => '', () => '/home/somebody/.kube/config'],
  ])('is %s', (_, variable, expected) => {
    expect(userKubeconfig({ KUBECONFIG: variable(), HOME: '/home/somebody' })).toBe(expected());
  });
});
