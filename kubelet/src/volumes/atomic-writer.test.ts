import { chmod, lstat, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from './atomic-writer.js';
import type { Payload } from './payload.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'volume-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const payload = (files: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
const visible = async (): Promise<string[]> => (await readdir(folder)).filter((name) => !name.startsWith('..')).sort();
const text = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

test('files show through links to one hidden folder, in the shape upstream gives them', async () => {
  expect(await writeAtomically(folder, payload({ a: '1', 'dir/b': '2' }))).toBe(true);
  expect(await visible()).toEqual(['a', 'dir']);
  expect([await text('a'), await text('dir/b')]).toEqual(['1', '2']);
  expect(await readlink(join(folder, 'a'))).toBe('..data/a');
  expect(await readlink(join(folder, 'dir'))).toBe('..data/dir');
  expect(await readlink(join(folder, '..data'))).toMatch(/^\.\.\d{4}_\d\d_\d\d/);
});

test('an update changes all files with one exchange of a link, and removes what is gone', async () => {
  await writeAtomically(folder, payload({ a: '1', old: 'x' }));
  const before = await readlink(join(folder, '..data'));
  const link = await lstat(join(folder, 'a'));
  await writeAtomically(folder, payload({ a: '2', fresh: 'y' }));
  expect(await visible()).toEqual(['a', 'fresh']);
  expect([await text('a'), await text('fresh')]).toEqual(['2', 'y']);
  expect(await readlink(join(folder, '..data'))).not.toBe(before);
  expect((await readdir(folder)).filter((name) => name.startsWith('..')).length).toBe(2);
  expect((await lstat(join(folder, 'a'))).ino).toBe(link.ino);
});

test('the same content is not written again', async () => {
  await writeAtomically(folder, payload({ a: '1' }));
  const before = await readlink(join(folder, '..data'));
  expect(await writeAtomically(folder, payload({ a: '1' }))).toBe(false);
  expect(await readlink(join(folder, '..data'))).toBe(before);
});

test.each([0o400, 0o440, 0o777])('modes are those asked for, whatever the umask: %o', async (mode) => {
  await writeAtomically(folder, payload({ a: '1' }, mode));
  expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(mode);
});

test('another mode is a change', async () => {
  await writeAtomically(folder, payload({ a: '1' }, 0o400));
  expect(await writeAtomically(folder, payload({ a: '1' }, 0o444))).toBe(true);
});

test('what a crash left half done is finished', async () => {
  await writeAtomically(folder, payload({ a: '1' }));
  await rm(join(folder, 'a'));
  await writeFile(join(folder, '..data_tmp'), '');
  await writeAtomically(folder, payload({ a: '2' }));
  expect(await text('a')).toBe('2');
  expect(await readdir(folder)).not.toContain('..data_tmp');
});

test('what the caller prepares is done before anybody sees the files', async () => {
  await writeAtomically(folder, payload({ a: '1' }), async (fresh) => {
    expect(await visible()).toEqual([]);
    await chmod(join(fresh, 'a'), 0o600);
  });
  expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o600);
});
