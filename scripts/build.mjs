// Generates and bundles when the sources have changed since the last time; `--into DIR` then lays the programs out as the images want
// them. Needs nothing but Node while the bundles are current, so that an image build can take over what the host has built.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'dist/bundle/stamp');

/** Everything the bundles are made from. test/ and bench/ run from source. */
const sources = [
  'package.json',
  'package-lock.json',
  'scripts',
  'packages',
  'proto',
  'apiserver',
  'scheduler',
  'controller-manager',
  'kubelet',
  'kube-proxy',
  'dns',
  'cli',
  'deploy/src',
  'deploy/package.json',
];
const ignoredFolders = new Set(['node_modules', 'dist', 'generated', 'testdata']);

/** Programs by the image they run in. */
const imagePrograms = {
  control: ['apiserver', 'scheduler', 'controller-manager', 'kube-proxy', 'pki', 'addons', 'seed', 'dns'],
  node: ['dockershim', 'kubelet', 'kube-proxy'],
};

function* filesOf(path) {
  if (!existsSync(join(root, path))) return;
  const entries = tryReadDirectory(path);
  if (!entries) {
    yield path;
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const child = `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!ignoredFolders.has(entry.name)) yield* filesOf(child);
    } else if (entry.isFile() && !/\.test\.ts$|\.tsbuildinfo$|\.md$/.test(entry.name)) {
      yield child;
    }
  }
}

function tryReadDirectory(path) {
  try {
    return readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A hash over the paths and contents of all sources. */
export function sourceStamp() {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of filesOf(source))
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0');
  }
  return hash.digest('hex');
}

export function isBuilt(stamp = sourceStamp()) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
}

/** Builds what is out of date; `report` gets a line for each thing that is done. */
export async function ensureBuilt({ report = () => {} } = {}) {
  const stamp = sourceStamp();
  if (isBuilt(stamp)) return false;
  const { run } = await import('./run-ts.mjs');
  const { bundle } = await import('./bundle.mjs');
  report('generating API types and schemas');
  for (const generator of ['packages/api/generate/main.ts', 'proto/generate/main.ts']) await run(generator);
  report('bundling the programs');
  rmSync(stampFile, { force: true });
  await bundle();
  writeFileSync(stampFile, stamp);
  return true;
}

/** `<directory>/<image>/bundle/*.mjs` with the files they read at run time beside them. */
function layOut(directory) {
  for (const [image, programs] of Object.entries(imagePrograms)) {
    const bundles = join(directory, image, 'bundle');
    mkdirSync(bundles, { recursive: true });
    for (const program of programs) cpSync(join(root, `dist/bundle/${program}.mjs`), join(bundles, `${program}.mjs`));
    // A program's own parts.
    for (const folder of programs) {
      const from = join(root, 'dist/bundle', folder);
      const filter = (path) => !path.endsWith('.map');
      if (existsSync(from)) cpSync(from, join(bundles, folder), { recursive: true, filter });
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, directory] = process.argv.slice(2);
  if (option === '--check') {
    process.exit(isBuilt() ? 0 : 1);
  }
  await ensureBuilt({ report: (line) => process.stdout.write(`${line}\n`) });
  if (option === '--into') layOut(directory);
}
