import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareHostPath } from './host-path.js';

let root: string;
let server: Server;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'host-path-'));
  await mkdir(join(root, 'dir'));
  await writeFile(join(root, 'file'), '');
  server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true, force: true });
});

const at = (path: string): string => (path.startsWith('/') ? path : join(root, path));

test.each([
  ['', 'nothing'],
  [undefined, 'nothing'],
  ['Directory', 'dir'],
  ['DirectoryOrCreate', 'dir'],
  ['File', 'file'],
  ['FileOrCreate', 'file'],
  ['Socket', 'socket'],
  ['CharDevice', '/dev/null'],
])('%s: %s is right', async (type, path) => {
  await expect(prepareHostPath(at(path), type)).resolves.toBeUndefined();
});

test.each([
  ['Directory', 'nothing', 'a directory'],
  ['Directory', 'file', 'a directory'],
  ['DirectoryOrCreate', 'file', 'a directory'],
  ['File', 'nothing', 'a file'],
  ['File', 'dir', 'a file'],
  ['FileOrCreate', 'dir', 'a file'],
  ['Socket', 'file', 'a socket file'],
  ['CharDevice', 'file', 'a character device'],
  ['BlockDevice', '/dev/null', 'a block device'],
])('%s: %s is wrong', async (type, path, what) => {
  await expect(prepareHostPath(at(path), type)).rejects.toThrow(
    `hostPath type check failed: ${at(path)} is not ${what}`,
  );
});

test('what may be made is made', async () => {
  await prepareHostPath(at('made/deep'), 'DirectoryOrCreate');
  await prepareHostPath(at('made/file'), 'FileOrCreate');
  expect((await stat(at('made/deep'))).isDirectory()).toBe(true);
  expect((await stat(at('made/file'))).isFile()).toBe(true);
  await expect(prepareHostPath(at('missing/file'), 'FileOrCreate')).rejects.toThrow(/ENOENT/);
});

test('an unknown type', async () => {
  await expect(prepareHostPath(root, 'Door')).rejects.toThrow('"Door" is an invalid volume type');
});
