import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Mounter } from './mounter.js';

/** Linux' O_PATH, which Node does not name: refers to a file without opening it. */
const pathOnly = 0o10000000;

/** Throws unless `subPath` stays inside its volume as text. */
export function checkSubPath(subPath: string): void {
  if (subPath.startsWith('/')) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..'))
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}

/**
 * Bind-mounts one path of a volume at `target`, so that the container sees exactly what was checked here. Links inside the volume are followed as
 * long as they do not lead out of it; a link that somebody exchanges between the check and the mount changes nothing, because the mount is made from
 * an open file descriptor.
 */
export async function bindSubPath(mounter: Mounter, volume: string, subPath: string, target: string): Promise<void> {
  checkSubPath(subPath);
  const base = await realpath(volume);
  const wanted = join(base, subPath);
  await createMissing(base, subPath);
  const real = await realpath(wanted);
  if (real !== base && !real.startsWith(`${base}${sep}`)) {
    throw new Error(`subpath "${real}" not within volume path "${base}"`);
  }
  const opened = await openWithoutLinks(base, relative(base, real));
  try {
    await prepareTarget(target, await opened.stat());
    await mounter.unmount(target);
    await mounter.bindMount(`/proc/${process.pid}/fd/${opened.fd}`, target);
  } finally {
    await opened.close();
  }
}

/** Makes missing folders, the last of them with the volume's own permissions. Refuses to follow a link out of the volume on the way. */
async function createMissing(base: string, subPath: string): Promise<void> {
  const parts = subPath.split('/').filter((item) => item !== '' && item !== '.');
  let existing = base;
  for (const [index, part] of parts.entries()) {
    try {
      existing = await realpath(join(existing, part));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await createBelow(base, existing, parts.slice(index));
      return;
    }
    if (existing !== base && !existing.startsWith(`${base}${sep}`)) {
      throw new Error(`subpath "${existing}" not within volume path "${base}"`);
    }
  }
}

/** From descriptor to descriptor, so that nobody can exchange a folder for a link meanwhile. The process's umask does not count. */
async function createBelow(base: string, existing: string, parts: readonly string[]): Promise<void> {
  const mode = (await stat(base)).mode & 0o7777;
  let current = await openWithoutLinks(base, relative(base, existing));
  try {
    for (const part of parts) {
      const path = `/proc/self/fd/${current.fd}/${part}`;
      await mkdir(path, { mode: mode & 0o777 });
      const child = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      await current.close();
      current = child;
    }
    await current.chmod(mode);
  } finally {
    await current.close();
  }
}

async function openWithoutLinks(base: string, path: string): Promise<FileHandle> {
  const flags = pathOnly | constants.O_NOFOLLOW;
  let current = await open(base, flags);
  for (const part of path.split(sep).filter((item) => item !== '')) {
    const parent = current;
    try {
      current = await open(`/proc/self/fd/${parent.fd}/${part}`, flags);
    } finally {
      await parent.close();
    }
    const info = await current.stat();
    if (info.isSymbolicLink()) {
      await current.close();
      throw new Error(`subpath "${path}" changed while it was being mounted`);
    }
  }
  return current;
}

async function prepareTarget(target: string, source: Stats): Promise<void> {
  if (source.isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
  else {
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    await writeFile(target, '', { flag: 'a', mode: 0o640 });
  }
}
