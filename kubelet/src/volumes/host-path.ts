import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';

/** Checks, and for the *OrCreate types creates, what a hostPath volume names. Throws an Error in upstream's words. */
export async function prepareHostPath(path: string, type: string | undefined): Promise<void> {
  if (!type) return;
  const found = await statOrUndefined(path);
  const fail = (what: string): never => {
    throw new Error(`hostPath type check failed: ${path} is not ${what}`);
  };
  switch (type) {
    case 'DirectoryOrCreate':
      if (!found) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (!found.isDirectory()) fail('a directory');
      return;
    case 'Directory':
      if (!found?.isDirectory()) fail('a directory');
      return;
    case 'FileOrCreate':
      if (!found) await (await open(path, 'a', 0o644)).close();
      else if (!found.isFile()) fail('a file');
      return;
    case 'File':
      if (!found?.isFile()) fail('a file');
      return;
    case 'Socket':
      if (!found?.isSocket()) fail('a socket file');
      return;
    case 'CharDevice':
      if (!found?.isCharacterDevice()) fail('a character device');
      return;
    case 'BlockDevice':
      if (!found?.isBlockDevice()) fail('a block device');
      return;
    default:
      throw new Error(`"${type}" is an invalid volume type`);
  }
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
