// Runs one TypeScript file with the Node at hand: bundles it to a temporary file beside node_modules and imports that.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

export async function run(file) {
  const outdir = join(root, 'node_modules/.cache/kubelab');
  mkdirSync(outdir, { recursive: true });
  // Named after its whole path: a second file of the same name would otherwise be the module that is loaded already.
  const outfile = join(outdir, `${file.replace(/[^\w.]+/g, '-')}-${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    define: { 'process.env.KUBELAB_ROOT': JSON.stringify(root) },
    alias: Object.fromEntries(
      ['apimachinery', 'api', 'client', 'controller', 'component', 'testkit'].map((name) => [
        `@kubelab/${name}`,
        join(root, `packages/${name}/src`),
      ]),
    ),
    logLevel: 'warning',
  });
  try {
    await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(process.argv[2]);
}
