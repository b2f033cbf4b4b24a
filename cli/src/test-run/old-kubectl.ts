import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDebianLike } from '../host/packages.js';
import { hasCommand, run, tryRun } from '../process/run.js';

/**
 * Debian's kubectl (1.20) beside whatever kubectl the machine has: the oldest one that must work. Unpacked, not installed, because
 * installing would replace the other one. Gives its path; undefined where there are no Debian packages.
 */
export async function ensureOldKubectl(cache: string, report: (state: string) => void): Promise<string | undefined> {
  const folder = join(cache, 'kubectl-debian');
  const path = join(folder, 'usr/bin/kubectl');
  if (existsSync(path)) return path;
  if (!isDebianLike() || !(await hasCommand('dpkg'))) return undefined;
  mkdirSync(folder, { recursive: true });
  report('fetching the kubectl of Debian');
  if (process.getuid?.() === 0) await tryRun('apt-get', ['update', '-q']);
  const { code } = await tryRun('apt-get', ['download', 'kubernetes-client'], { cwd: folder });
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (code !== 0 || archive === undefined) return undefined;
  await run('dpkg', ['-x', join(folder, archive), folder]);
  return path;
}
