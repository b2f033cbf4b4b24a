import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mounter } from './mounter.js';
import { bindSubPath, checkSubPath } from './sub-path.js';

let root: string;
let volume: string;
/** What was mounted, read through the descriptor while it is open. */
let bound: { source: string; target: string }[];
const mounter: Mounter = {
  mountTmpfs: async () => undefined,
  bindMount: async (source, target) => void bound.push({ source: await realpath(source), target }),
  unmount: async () => undefined,
  mountsBelow: async () => [],
};

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'sub-path-')));
  volume = join(root, 'volume');
  await mkdir(join(volume, 'dir'), { recursive: true });
  await mkdir(join(root, 'outside'));
  await writeFile(join(volume, 'file'), 'x');
  bound = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

const bind = (subPath: string): Promise<void> => bindSubPath(mounter, volume, subPath, join(root, 'target'));

test.each([
  ['/abs', /must not be an absolute path/],
  ['../x', /must not contain '..'/],
  ['a/../../x', /must not contain '..'/],
])('%s is refused as text', (subPath, message) => {
  expect(() => checkSubPath(subPath)).toThrow(message);
});

test.each(['a..b', '..a', 'a/...'])('%s is a name like any other', (subPath) => {
  expect(() => checkSubPath(subPath)).not.toThrow();
});

test('a folder and a file that are there', async () => {
  await bind('dir');
  expect(bound).toEqual([{ source: join(volume, 'dir'), target: join(root, 'target') }]);
  await rm(join(root, 'target'), { recursive: true });
  await bind('file');
  expect(bound[1]?.source).toBe(join(volume, 'file'));
  expect(await readFile(join(root, 'target'), 'utf8')).toBe('');
});

test('a folder that is missing is made as the volume is', async () => {
  // More than the umask of a program leaves, and a group that new files take over.
  await chmod(volume, 0o2777);
  await bind('new/deep');
  expect((await stat(join(volume, 'new/deep'))).mode & 0o7777).toBe(0o2777);
  expect(bound[0]?.source).toBe(join(volume, 'new/deep'));
});

test('a link inside the volume is followed', async () => {
  await symlink('dir', join(volume, 'link'));
  await bind('link');
  expect(bound[0]?.source).toBe(join(volume, 'dir'));
});

test.each([
  ['out of it', '../outside', 'link'],
  ['to the root', '/etc', 'link'],
  ['out of it, in the middle of the path', '../outside', 'link/new'],
  ['to a neighbour whose name begins alike', '../volume-2', 'link'],
])('a link %s is refused, and nothing is made there', async (_how, destination, subPath) => {
  await mkdir(join(root, 'volume-2'));
  await symlink(destination, join(volume, 'link'));
  await expect(bind(subPath)).rejects.toThrow(/not within volume path/);
  expect(bound).toEqual([]);
  await expect(stat(join(root, 'outside/new'))).rejects.toThrow(/ENOENT/);
});

test('a path below a file is refused', async () => {
  await expect(bind('file/below')).rejects.toThrow(/ENOTDIR/);
});
