import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface FileAttributes {
  mode: number;
  owner?: { uid: number; gid: number };
}

/** Writes through a temporary file, so that a reader sees the old or the new content. False when it was as wanted already. */
export function writeFileIfChanged(path: string, content: string, { mode, owner }: FileAttributes): boolean {
  mkdirSync(dirname(path), { recursive: true });
  const changed = !existsSync(path) || readFileSync(path, 'utf8') !== content;
  if (changed) {
    const temporary = `${path}.new`;
    writeFileSync(temporary, content, { mode });
    renameSync(temporary, path);
  }
  chmodSync(path, mode);
  if (owner) chownSync(path, owner.uid, owner.gid);
  return changed;
}
