/** The images of the tests, made of programs of this machine: nothing is pulled. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { jsonLines } from '../engine/json-lines.js';

const run = promisify(execFile);

export const busyboxImage = 'busybox:1.36';
export const pauseImage = 'kubelab/pause:1';
/** Its config says user 1000. */
export const userImage = 'tests/user:1';

interface TestImage {
  name: string;
  /** The files of its only layer. */
  tree: string;
  config: { Cmd?: string[]; Entrypoint?: string[]; User?: string };
}

/** Needs the packages busybox-static and gcc. */
async function buildTestImages(directory: string): Promise<TestImage[]> {
  const busybox = await buildBusybox(join(directory, 'busybox'));
  const pause = await buildPause(join(directory, 'pause'));
  return [
    { name: busyboxImage, tree: busybox, config: { Cmd: ['sh'] } },
    { name: userImage, tree: busybox, config: { Cmd: ['sh'], User: '1000:1000' } },
    { name: pauseImage, tree: pause, config: { Entrypoint: ['/pause'] } },
  ];
}

export async function importTestImages(docker: Docker): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'klds-images-'));
  try {
    for (const image of await buildTestImages(directory)) await importImage(docker, image);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The same images as a file of the kind that `docker save` writes. */
export async function writeTestArchive(file: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'klds-images-'));
  try {
    const manifest = [];
    for (const { name, tree, config } of await buildTestImages(directory)) {
      const base = name.replace(/\W/g, '-');
      const layer = join(directory, `${base}.tar`);
      await run('tar', ['-C', tree, '-cf', layer, '.']);
      const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
      const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] };
      writeFileSync(
        join(directory, `${base}.json`),
        JSON.stringify({
          architecture: goArchitecture(),
          os: 'linux',
          config,
          rootfs,
          history: [{ created_by: name }],
        }),
      );
      manifest.push({ Config: `${base}.json`, RepoTags: [name], Layers: [`${base}.tar`] });
    }
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
    const members = manifest.flatMap(({ Config, Layers }) => [Config, ...Layers]);
    await run('tar', ['-C', directory, '-cf', file, 'manifest.json', ...members]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

async function buildBusybox(tree: string): Promise<string> {
  const program = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path));
  if (!program) throw new Error('busybox is missing: install the package busybox-static');
  for (const name of ['bin', 'etc', 'tmp', 'root']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(program, join(tree, 'bin/busybox'));
  const { stdout } = await run(program, ['--list']);
  for (const applet of stdout.split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  }
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nnobody:x:65534:\nteam:x:2000:nobody\n');
  return tree;
}

async function buildPause(tree: string): Promise<string> {
  mkdirSync(tree, { recursive: true });
  const source = join(repositoryRoot(), 'deploy/pause/pause.c');
  await run('gcc', ['-Os', '-Wall', '-Werror', '-static', '-s', '-o', join(tree, 'pause'), source]);
  return tree;
}

export function repositoryRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!readdirSync(directory).includes('package-lock.json')) directory = dirname(directory);
  return directory;
}

async function importImage(docker: Docker, { name, tree, config }: TestImage): Promise<void> {
  const tar = spawn('tar', ['-C', tree, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [repo, tag] = name.split(':');
  const changes = [
    ...(config.Cmd ? [`CMD ${JSON.stringify(config.Cmd)}`] : []),
    ...(config.Entrypoint ? [`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`] : []),
    ...(config.User ? [`USER ${config.User}`] : []),
  ];
  const answer = (await docker.importImage(tar.stdout, {
    repo,
    tag,
    changes: changes.join('\n'),
  })) as unknown as Readable;
  for await (const { error } of jsonLines<{ error?: string }>(answer)) {
    if (error !== undefined) throw new Error(`importing ${name}: ${error}`);
  }
}
