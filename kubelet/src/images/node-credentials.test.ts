import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { TestNode } from '../testing/test-node.js';
import { NodeCredentials } from './node-credentials.js';

let folder: string;
let clock: FakeClock;
let warnings: object[];
let credentials: NodeCredentials;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  for (const name of ['root', 'work', 'home/.docker']) await mkdir(join(folder, name), { recursive: true });
  clock = new FakeClock();
  warnings = [];
  const logger = { ...silentLogger, warn: (_message: string, fields: object = {}) => void warnings.push(fields) };
  const [rootDir, workingDir, home] = ['root', 'work', 'home'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  credentials = new NodeCredentials({ rootDir, workingDir, home, clock, logger });
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, content: unknown): Promise<void> =>
  writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
const login = (username: string) => ({ 'reg.io': { username, password: 'x' } });
const users = async () => (await credentials.keyring()).lookup('reg.io/app').map(({ username }) => username);

test('a node without files has none', async () => {
  expect(await users()).toEqual([]);
});

test('the first file counts, and the newer form goes before the older one', async () => {
  await write('root/.dockercfg', login('old'));
  expect(await users()).toEqual(['old']);
  clock.jump(300_000);
  await write('home/.docker/config.json', { auths: login('home') });
  expect(await users()).toEqual(['home']);
  clock.jump(300_000);
  await write('root/config.json', { auths: login('root') });
  expect(await users()).toEqual(['root']);
});

test('a changed file counts after five minutes, also when the clock was set back', async () => {
  await write('root/config.json', { auths: login('one') });
  expect(await users()).toEqual(['one']);
  await write('root/config.json', { auths: login('two') });
  clock.jump(299_999);
  expect(await users()).toEqual(['one']);
  clock.jump(1);
  expect(await users()).toEqual(['two']);
  await write('root/config.json', { auths: login('three') });
  clock.jump(-86_400_000);
  expect(await users()).toEqual(['three']);
});

test('a file that holds something else is told of, without what it holds, and the next one counts', async () => {
  await write('root/config.json', 'secret{');
  await write('work/config.json', { auths: { 'reg.io': { auth: 'bm9jb2xvbg==' } } });
  await write('home/.docker/config.json', { auths: login('home') });
  expect(await users()).toEqual(['home']);
  expect(warnings).toHaveLength(2);
  expect(JSON.stringify(warnings)).not.toMatch(/secret|nocolon/);
});

test('a pod without secrets pulls with what its node has', async () => {
  const node = await TestNode.start({
    prepare: ({ root }) => {
      mkdirSync(join(root, 'kubelet'));
      writeFileSync(join(root, 'kubelet/config.json'), JSON.stringify({ auths: login('robot') }));
    },
  });
  try {
    await node.createPod('web', { containers: [{ name: 'app', image: 'reg.io/app:1' }] });
    const [pull] = await node.until('it is pulled', () => {
      const calls = node.runtime.callsOf('pullImage') as { auth?: { username?: string } }[];
      return calls.length > 0 && calls;
    });
    expect(pull?.auth?.username).toBe('robot');
  } finally {
    await node.stop();
  }
});
