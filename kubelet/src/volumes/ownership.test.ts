import { chmod, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setVolumeOwnership } from './ownership.js';

/** Everybody may give a file to a group of their own. */
const group = process.getgid?.() ?? 0;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'volume-'));
  await mkdir(join(root, 'dir'), { mode: 0o700 });
  await writeFile(join(root, 'dir/file'), '', { mode: 0o600 });
  await chmod(root, 0o700);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await lstat(join(root, path))).mode & 0o7777).toString(8);

test('folders and files are the group’s, and what is new in them will be', async () => {
  await setVolumeOwnership(root, group, { readOnly: false });
  expect([await modeOf('.'), await modeOf('dir'), await modeOf('dir/file')]).toEqual(['2770', '2770', '660']);
  expect((await lstat(join(root, 'dir/file'))).gid).toBe(group);
});

test('a read-only volume is only readable', async () => {
  await setVolumeOwnership(root, group, { readOnly: true });
  expect([await modeOf('dir'), await modeOf('dir/file')]).toEqual(['2750', '640']);
});

test('OnRootMismatch leaves a volume alone whose root is right, and only that', async () => {
  await setVolumeOwnership(root, group, { readOnly: false, changePolicy: 'OnRootMismatch' });
  expect(await modeOf('dir/file')).toBe('660');
  await chmod(join(root, 'dir/file'), 0o600);
  await setVolumeOwnership(root, group, { readOnly: false, changePolicy: 'OnRootMismatch' });
  expect(await modeOf('dir/file')).toBe('600');
  await setVolumeOwnership(root, group, { readOnly: false, changePolicy: 'Always' });
  expect(await modeOf('dir/file')).toBe('660');
});

test('links are not followed', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'outside-'));
  try {
    await chmod(outside, 0o700);
    await symlink(outside, join(root, 'link'));
    await setVolumeOwnership(root, group, { readOnly: false });
    expect(((await lstat(outside)).mode & 0o7777).toString(8)).toBe('700');
  } finally {
    await rm(outside, { recursive: true });
  }
});
