import { join } from 'node:path';
import { systemClock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { codeOf } from '../errors.js';
import { run } from '../process/run.js';
import type { BaseImages } from './base-image.js';
import { buildEnvironment } from './build-environment.js';
import { contentHash } from './content-hash.js';

const targets = ['control', 'node'] as const;
type Target = (typeof targets)[number];

/** What each image holds besides packages: a change of anything else does not make a new image. */
const contents: Readonly<Record<Target, readonly string[]>> = {
  control: [
    'deploy/addons',
    'deploy/choose-iptables.sh',
    'deploy/control',
    'deploy/pause/pause.c',
    'deploy/registry',
    ...['apiserver', 'scheduler', 'controller-manager', 'kube-proxy', 'pki', 'addons', 'seed', 'dns'].map(bundleOf),
    'dist/proto',
  ],
  node: [
    'deploy/choose-iptables.sh',
    'deploy/node',
    ...['dockershim', 'kubelet', 'kube-proxy'].map(bundleOf),
    'dist/bundle/kubelet',
    'dist/proto',
  ],
};

export interface BuildOptions {
  docker: Docker;
  root: string;
  bases: BaseImages;
  report: (state: string) => void;
}

/** An image is named after its contents: labs of other checkouts, and older ones of this, keep theirs. */
export type LabImages = Readonly<Record<Target, string>>;

/** The lab's images for the sources as they are; builds what is missing, and tells in `built` what that was. */
export async function ensureLabImages(options: BuildOptions): Promise<{ images: LabImages; built: string[] }> {
  const images = labImageNames(options);
  const built: string[] = [];
  for (const target of targets) {
    if (await exists(options.docker, images[target])) continue;
    await build(target, images[target], options);
    built.push(images[target]);
  }
  if (built.length > 0) await removeOldImages(options.docker, images);
  return { images, built };
}

export function labImageNames({ root, bases }: Pick<BuildOptions, 'root' | 'bases'>): LabImages {
  const name = (target: Target): string => {
    const hash = contentHash(root, ['deploy/Dockerfile', ...contents[target]], bases.base, bases.node);
    return `kubelab/${target}:${hash.slice(0, 12)}`;
  };
  return { control: name('control'), node: name('node') };
}

async function build(target: Target, name: string, { root, bases, report }: BuildOptions): Promise<void> {
  report(`building ${name}`);
  const args = [
    ...['--target', target, '--file', join(root, 'deploy/Dockerfile'), '--tag', name],
    ...['--build-arg', `BASE_IMAGE=${bases.base}`, '--build-arg', `NODE_IMAGE=${bases.node}`],
  ];
  await run('docker', ['build', ...args, root], {
    env: await buildEnvironment(),
    onLine: (line) => {
      if (line.trim() !== '') report(`building ${name}: ${line.trim().slice(0, 100)}`);
    },
  });
}

/** Day-old images that no container uses were built from sources that have changed since. */
async function removeOldImages(docker: Docker, current: LabImages): Promise<void> {
  const yesterday = systemClock.now() / 1000 - 24 * 60 * 60;
  const used = new Set((await docker.listContainers({ all: true })).map(({ ImageID }) => ImageID));
  const found = await docker.listImages({ filters: { reference: ['kubelab/control', 'kubelab/node'] } });
  for (const { Id, Created, RepoTags } of found) {
    const names = (RepoTags ?? []).filter(
      (name) => /:[0-9a-f]{12}$/.test(name) && !Object.values(current).includes(name),
    );
    if (used.has(Id) || Created > yesterday) continue;
    for (const name of names) await docker.getImage(name).remove();
  }
  await removeStages(docker, '24h');
}

/** The classic builder leaves the stages of a build behind, as a cache; their label tells them from anybody else's. */
export async function removeStages(docker: Docker, olderThan: string): Promise<void> {
  const filters = { dangling: ['true'], label: ['io.kubelab'], until: [olderThan] };
  await docker.pruneImages({ filters: JSON.stringify(filters) });
}

async function exists(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether the engine answered that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === undefined && error instanceof Error && 'statusCode' in error && error.statusCode === 404;
}

function bundleOf(program: string): string {
  return `dist/bundle/${program}.mjs`;
}
