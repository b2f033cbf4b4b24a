/** The images of the tests, made of programs of this machine: nothing is pulled. */
import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
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

/** Needs the packages busybox-static and gcc. */
export async function importTestImages(docker: Docker): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'klds-images-'));
  try {
    const busybox = await buildBusybox(join(directory, 'busybox'));
    const pause = await buildPause(join(directory, 'pause'));
    await importTree(docker, busybox, busyboxImage, ['CMD ["sh"]']);
    await importTree(docker, busybox, userImage, ['CMD ["sh"]', 'USER 1000:1000']);
    await importTree(docker, pause, pauseImage, ['ENTRYPOINT ["/pause"]']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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

function repositoryRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!readdirSync(directory).includes('package-lock.json')) directory = dirname(directory);
  return directory;
}

async function importTree(docker: Docker, tree: string, name: string, changes: string[]): Promise<void> {
  const tar = spawn('tar', ['-C', tree, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [repo, tag] = name.split(':');
  const answer = (await docker.importImage(tar.stdout, {
    repo,
    tag,
    changes: changes.join('\n'),
  })) as unknown as Readable;
  for await (const { error } of jsonLines<{ error?: string }>(answer)) {
    if (error !== undefined) throw new Error(`importing ${name}: ${error}`);
  }
}
