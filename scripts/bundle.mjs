// Bundles every program into dist/bundle/<name>.mjs: one file starts twice as fast as its module tree and is all an image needs. Those in
// `split` keep what they import lazily in files of their own, in a folder of their name: what a program does not load takes no memory.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = join(root, 'dist/bundle');

/** Program name to entry point. A name is also what `node <name>.mjs` runs in the images. */
export const programs = {
  apiserver: 'apiserver/src/main.ts',
  scheduler: 'scheduler/src/main.ts',
  'controller-manager': 'controller-manager/src/main.ts',
  kubelet: 'kubelet/src/main.ts',
  dockershim: 'kubelet/src/dockershim/main.ts',
  'kube-proxy': 'kube-proxy/src/main.ts',
  dns: 'dns/src/main.ts',
  pki: 'deploy/src/pki/main.ts',
  addons: 'deploy/src/addons/main.ts',
  seed: 'deploy/src/seed/main.ts',
  cli: 'cli/src/main.ts',
};

const split = new Set(['kubelet']);

const banner = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __pathDirname } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join('\n');

const common = {
  absWorkingDir: root,
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  // A program's text stays in its memory as long as it runs. Names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  banner: { js: banner },
  // dockerode reaches engines over ssh with ssh2, whose native parts a unix socket does not need.
  alias: { ssh2: join(root, 'scripts/empty.cjs') },
  logLevel: 'warning',
};

const entryPoint = (name) => ({ in: programs[name], out: name });

export async function bundle(names = Object.keys(programs)) {
  mkdirSync(outdir, { recursive: true });
  const whole = names.filter((name) => !split.has(name));
  if (whole.length > 0) await build({ ...common, entryPoints: whole.map(entryPoint) });
  for (const name of names.filter((other) => split.has(other))) {
    rmSync(join(outdir, name), { recursive: true, force: true });
    await build({
      ...common,
      entryPoints: [entryPoint(name)],
      splitting: true,
      chunkNames: `${name}/[name]-[hash]`,
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundle(process.argv.length > 2 ? process.argv.slice(2) : undefined);
}
