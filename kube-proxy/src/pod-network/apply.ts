import { readFile, rename, writeFile } from 'node:fs/promises';
import { rangeOfAddress } from '../cidr.js';
import { runCommand } from '../command.js';
import { type Bridge, moveNetwork, rangeOf } from './plan.js';

/**
 * Rewrites the CNI configuration in `file` when it is of another range than the node's. Whoever reads the folder never sees half of it. Resolves
 * with true when it did. A file that is not there yet is for the runtime to write, and one of another kind is somebody else's.
 */
export async function applyPodNetwork(file: string, podCidr: string): Promise<boolean> {
  const text = await readIfThere(file);
  if (text === undefined) return false;
  const range = rangeOf(text);
  if (range === undefined || range === podCidr) return false;
  // Readers take the names that end in .conflist.
  const draft = `${file}.new`;
  await writeFile(draft, moveNetwork(text, podCidr, await listBridges()));
  await rename(draft, file);
  return true;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Link {
  ifname?: string;
  addr_info?: { local: string; prefixlen: number }[];
}

async function listBridges(): Promise<Bridge[]> {
  const output = await runCommand('ip', ['-4', '-j', 'address', 'show', 'type', 'bridge']);
  const links = JSON.parse(output.trim() || '[]') as Link[];
  return links.flatMap(({ ifname, addr_info = [] }) =>
    ifname === undefined
      ? []
      : addr_info.map(({ local, prefixlen }) => ({ name: ifname, range: rangeOfAddress(local, prefixlen) })),
  );
}
