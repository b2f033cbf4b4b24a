import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../process/run.js';
import type { BaseImages } from './base-image.js';
import { buildEnvironment } from './build-environment.js';
import { contentHash } from './content-hash.js';
import { ownedName } from './ownership.js';

/** One image made from Debian packages, and the Docker Hub names it stands in for. */
interface EverydayImage {
  folder: string;
  names: string[];
}

const folder = 'deploy/everyday-images';

export interface EverydayOptions {
  root: string;
  owner: string;
  cache: string;
  bases: BaseImages;
  report: (state: string) => void;
}

export function everydayImages(root: string): EverydayImage[] {
  return JSON.parse(readFileSync(join(root, folder, 'images.json'), 'utf8')) as EverydayImage[];
}

/** The lab's own names of everyday images, whether they are there or not. */
export function everydayNames(root: string, owner: string): string[] {
  return everydayImages(root).map((image) => ownedName(repositoryOf(image), contentOf(root), owner));
}

function repositoryOf(image: EverydayImage): string {
  return `kubelab/everyday-${image.folder}`;
}

function contentOf(root: string): string {
  return contentHash(root, [folder]).slice(0, 12);
}

/** An archive of all everyday images; made once for each version of their recipes. */
export async function ensureEverydayArchive(options: EverydayOptions): Promise<string> {
  const { root, owner, cache, report } = options;
  const archive = join(cache, `everyday-images-${contentOf(root)}.tar`);
  if (existsSync(archive)) return archive;
  const names: string[] = [];
  try {
    for (const image of everydayImages(root)) {
      const built = await build(image, options);
      for (const name of image.names) {
        const archived = `${repositoryOf(image)}/${nameHash(owner)}/${name}`;
        await run('docker', ['tag', built, archived]);
        names.push(archived);
      }
    }
    report(`writing ${archive}`);
    mkdirSync(cache, { recursive: true });
    await run('docker', ['save', '-o', `${archive}.new`, ...names]);
    renameSync(`${archive}.new`, archive);
  } finally {
    // They exist in the engine only while the archive is written: this machine's own images are left alone.
    if (names.length > 0) await run('docker', ['rmi', ...names]);
  }
  return archive;
}

async function build(image: EverydayImage, { root, owner, bases, report }: EverydayOptions): Promise<string> {
  const name = ownedName(repositoryOf(image), contentOf(root), owner);
  report(`building ${image.folder} from Debian packages`);
  const args = ['--build-arg', `BASE_IMAGE=${bases.base}`, '--build-arg', `KUBELAB_OWNER=${owner}`];
  await run('docker', ['build', '-q', '-t', name, ...args, join(root, folder, image.folder)], {
    env: await buildEnvironment(),
  });
  return name;
}

/** Two labs may write their archives at the same time. */
function nameHash(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, 8);
}

/** `kubelab/everyday-nginx/01234567/nginx:1.22`, as the archive has it, is `nginx:1.22`. */
export function everydayName(archived: string): string {
  return archived.replace(/^.*kubelab\/everyday-[^/]+\/[0-9a-f]{8}\//, '');
}
