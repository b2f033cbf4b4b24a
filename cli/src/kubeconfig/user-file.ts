import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Kubeconfig } from '@kubelab/client/kubeconfig';
import type { Clock } from '@kubelab/component/clock';
import { dump, load } from 'js-yaml';
import { CliError } from '../errors.js';
import { withLock } from './lock.js';
import { hasContext, mergeContext, removeContext } from './merge.js';

/** The file kubectl would write to: the first existing one of KUBECONFIG (or its last), else ~/.kube/config. */
export function userKubeconfig(env: NodeJS.ProcessEnv = process.env): string {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  return named.find((path) => existsSync(path)) ?? named.at(-1) ?? join(env['HOME'] ?? homedir(), '.kube', 'config');
}

/** Takes the lab's kubeconfig into the user's. Gives false when it was there already. */
export function mergeIntoUserFile(labFile: string, clock: Clock, path = userKubeconfig()): Promise<boolean> {
  return change(path, clock, (existing) => mergeContext(existing, parse(labFile)));
}

/** Gives false when there was nothing to remove. */
export async function removeFromUserFile(name: string, clock: Clock, path = userKubeconfig()): Promise<boolean> {
  if (!existsSync(path) || !hasContext(parse(path), name)) return false;
  return change(path, clock, (existing) => removeContext(existing, name));
}

/** A file that holds no cluster, user or context is of no use; whoever made it may remove it. */
export function removeEmptyFile(path: string): void {
  if (!existsSync(path)) return;
  const { clusters, users, contexts } = parse(path);
  if ([clusters, users, contexts].every((entries) => (entries ?? []).length === 0)) rmSync(path);
}

function change(path: string, clock: Clock, edit: (existing: Kubeconfig) => Kubeconfig): Promise<boolean> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return withLock(path, clock, () => {
    const exists = existsSync(path);
    const before = exists ? parse(path) : {};
    const after = edit(before);
    if (exists && JSON.stringify(before) === JSON.stringify(after)) return false;
    writeAtomically(path, dump(after, { lineWidth: -1 }));
    return true;
  });
}

function parse(path: string): Kubeconfig {
  try {
    return (load(readFileSync(path, 'utf8')) ?? {}) as Kubeconfig;
  } catch (cause) {
    throw new CliError(`${path} is not a kubeconfig that can be read.`, {
      hint: 'Repair it, or point KUBECONFIG to another file.',
      cause,
    });
  }
}

/** Keeps the mode, follows links, and never leaves half a file. */
function writeAtomically(path: string, content: string): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o600;
  const temporary = `${target}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode });
  chmodSync(temporary, mode);
  renameSync(temporary, target);
}
