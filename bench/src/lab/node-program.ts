/** Programs that run inside the lab's containers, with the Node that is there: one file from standard input. */

import { join } from 'node:path';
import { build } from 'esbuild';
import { checkout } from './checkout.js';
import { run } from './run.js';

const bundled = new Map<string, Promise<string>>();

/** Runs a TypeScript file of the checkout inside a container. `request` is its argument as JSON; its output is taken as JSON. */
export async function runInContainer<T>(id: string, file: string, request: unknown, signal: AbortSignal): Promise<T> {
  const input = await bundle(file);
  const command = ['exec', '-i', id, 'node', '-', JSON.stringify(request)];
  return JSON.parse(await run('docker', command, { input, signal })) as T;
}

/** Bundles ahead, so that the time for it is in no measurement. */
export function bundle(file: string): Promise<string> {
  const known = bundled.get(file);
  if (known) return known;
  const made = makeBundle(file);
  bundled.set(file, made);
  return made;
}

async function makeBundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: checkout,
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // dockerode reaches engines over ssh with ssh2, whose native parts a unix socket does not need.
    alias: { ssh2: join(checkout, 'scripts/empty.cjs') },
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
