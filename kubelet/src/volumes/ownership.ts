import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const readWrite = 0o660;
const readOnlyBits = 0o440;
const execute = 0o110;
const setGid = 0o2000;

export interface OwnershipOptions {
  readOnly: boolean;
  /** `OnRootMismatch` leaves a volume alone whose root is already right. */
  changePolicy?: string | undefined;
}

/** Gives a volume to the pod's fsGroup: group ownership, group permissions, and set-gid folders so that new files follow. */
export async function setVolumeOwnership(root: string, fsGroup: number, options: OwnershipOptions): Promise<void> {
  if (options.changePolicy === 'OnRootMismatch' && (await isRootRight(root, fsGroup, options))) return;
  await apply(root, fsGroup, options);
}

function wantedBits(isDirectory: boolean, options: OwnershipOptions): number {
  const bits = options.readOnly ? readOnlyBits : readWrite;
  return isDirectory ? bits | execute | setGid : bits;
}

async function isRootRight(root: string, fsGroup: number, options: OwnershipOptions): Promise<boolean> {
  const { gid, mode } = await lstat(root);
  const wanted = wantedBits(true, options);
  return gid === fsGroup && (mode & wanted) === wanted;
}

async function apply(path: string, fsGroup: number, options: OwnershipOptions): Promise<void> {
  const info = await lstat(path);
  await lchown(path, info.uid, fsGroup);
  if (info.isSymbolicLink()) return;
  await chmod(path, (info.mode & 0o7777) | wantedBits(info.isDirectory(), options));
  if (!info.isDirectory()) return;
  for (const name of await readdir(path)) await apply(join(path, name), fsGroup, options);
}
