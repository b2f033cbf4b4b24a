import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A hash over these files and folders below `root`, by path, executable bit and content. Paths that do not exist do not count. */
export function contentHash(root: string, paths: readonly string[], ...more: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      hash
        .update(`${relative(root, file)}\0${statSync(file).mode & 0o111}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  for (const text of more) hash.update(`${text}\0`);
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}
