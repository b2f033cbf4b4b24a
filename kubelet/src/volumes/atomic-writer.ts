import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Payload } from './payload.js';

const dataLink = '..data';

/**
 * Makes a folder show exactly the payload, all at once: files are written to a new hidden folder, then the `..data` link is moved to it, so that a
 * reader sees the old files or the new ones and never a mixture. Returns false when nothing had to change.
 */
export async function writeAtomically(
  folder: string,
  payload: Payload,
  prepare?: (folder: string) => Promise<void>,
): Promise<boolean> {
  const current = await readCurrent(folder);
  if (current && (await isSame(join(folder, current), payload))) {
    await linkVisible(folder, payload);
    return false;
  }
  const fresh = `..${new Date().toISOString().replace(/[-:T]/g, '_').replace('Z', '')}.${randomBytes(4).readUInt32BE()}`;
  await writeFiles(join(folder, fresh), payload);
  await prepare?.(join(folder, fresh));
  const temporary = join(folder, '..data_tmp');
  await rm(temporary, { force: true });
  await symlink(fresh, temporary);
  await rename(temporary, join(folder, dataLink));
  await linkVisible(folder, payload);
  await removeStale(folder, payload, fresh);
  return true;
}

async function readCurrent(folder: string): Promise<string | undefined> {
  try {
    return await readlink(join(folder, dataLink));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isSame(folder: string, payload: Payload): Promise<boolean> {
  try {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    if (files.length !== payload.size) return false;
    for (const [path, file] of payload) {
      const full = join(folder, path);
      const [data, { mode }] = await Promise.all([readFile(full), stat(full)]);
      // Only what the payload asks for is compared: fsGroup adds bits of its own.
      if (!data.equals(file.data) || (mode & file.mode) !== file.mode) return false;
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function writeFiles(folder: string, payload: Payload): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const [path, file] of payload) {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, file.data, { mode: 0o600 });
    // After the write: the umask has no say, and a mode without write permission must not get in the way.
    await chmod(full, file.mode);
    if (file.owner !== undefined) await chown(full, file.owner, -1);
  }
}

function topLevel(payload: Payload): Set<string> {
  return new Set([...payload.keys()].map((path) => path.split('/')[0] as string));
}

async function linkVisible(folder: string, payload: Payload): Promise<void> {
  for (const name of topLevel(payload)) {
    try {
      await symlink(join(dataLink, name), join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function removeStale(folder: string, payload: Payload, fresh: string): Promise<void> {
  const keep = new Set([...topLevel(payload), dataLink, fresh]);
  const stale = (await readdir(folder)).filter((name) => !keep.has(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
