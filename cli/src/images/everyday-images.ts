import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../process/run.js';
import type { BaseImages } from './base-image.js';
import { buildEnvironment } from './build-environment.js';
import { contentHash } from './content-hash.js';

/** One image made from Debian packages, and the Docker Hub names it stands in for. */
interface EverydayImage {
  folder: string;
  names: string[];
}

const folder = 'deploy/everyday-images';

export interface EverydayOptions {
  root: string;
  cache: string;
  bases: BaseImages;
  report: (state: string) => void;
}

export function everydayImages(root: string): EverydayImage[] {
  return JSON.parse(readFileSync(join(root, folder, 'images.json'), 'utf8')) as EverydayImage[];
}

/** An archive of all everyday images; made once for each version of their recipes. */
export async function ensureEverydayArchive(options: EverydayOptions): Promise<string> {
  const { root, cache, bases, report } = options;
  const archive = join(cache, `everyday-${contentHash(root, [folder]).slice(0, 16)}.tar`);
  if (existsSync(archive)) return archive;
  const env = await buildEnvironment();
  const names: string[] = [];
  for (const image of everydayImages(root)) {
    const build = `kubelab/everyday-${image.folder}`;
    report(`building ${image.folder} from Debian packages`);
    await run(
      'docker',
      ['build', '-q', '-t', build, '--build-arg', `BASE_IMAGE=${bases.base}`, join(root, folder, image.folder)],
      {
        env,
      },
    );
    // The names exist in the engine only while the archive is written: this machine's own images are left alone.
    names.push(...image.names.map((name) => `${build}/${name}`));
    for (const name of image.names) await run('docker', ['tag', build, `${build}/${name}`]);
  }
  report(`writing ${archive}`);
  mkdirSync(cache, { recursive: true });
  await run('docker', ['save', '-o', `${archive}.new`, ...names]);
  renameSync(`${archive}.new`, archive);
  await run('docker', ['rmi', ...names]);
  return archive;
}

/** `kubelab/everyday-nginx/nginx:1.22`, as the archive has it, is `nginx:1.22`. */
export function everydayName(archived: string): string {
  return archived.replace(/^.*kubelab\/everyday-[^/]+\//, '');
}
