import { join } from 'node:path';
import type Docker from 'dockerode';
import { run } from '../process/run.js';
import type { BaseImages } from './base-image.js';
import { buildEnvironment } from './build-environment.js';
import { contentHash } from './content-hash.js';
import { adoptImage, removeStages } from './owned-images.js';
import { ownedName } from './ownership.js';

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
  ],
  node: [
    'deploy/choose-iptables.sh',
    'deploy/node',
    ...['dockershim', 'kubelet', 'kube-proxy'].map(bundleOf),
    'dist/bundle/kubelet',
  ],
};

export interface BuildOptions {
  docker: Docker;
  root: string;
  owner: string;
  bases: BaseImages;
  report: (state: string) => void;
}

/** Names of the lab's own. */
export type LabImages = Readonly<Record<Target, string>>;

/** The lab's images for the sources as they are; builds what nobody has built, and tells in `built` what that was. */
export async function ensureLabImages(options: BuildOptions): Promise<{ images: LabImages; built: string[] }> {
  const { docker, owner } = options;
  const images: Partial<Record<Target, string>> = {};
  const built: string[] = [];
  for (const target of targets) {
    const content = contentOf(target, options);
    const found = await adoptImage(docker, repositoryOf(target), content, owner);
    const name = found ?? ownedName(repositoryOf(target), content, owner);
    if (found === undefined) {
      await build(target, name, options);
      built.push(name);
    }
    images[target] = name;
  }
  // The sources it was made from are in there: it serves this build alone.
  if (built.length > 0) await removeStages(docker, owner, 'programs');
  return { images: images as LabImages, built };
}

function repositoryOf(target: Target): string {
  return `kubelab/${target}`;
}

function contentOf(target: Target, { root, bases }: BuildOptions): string {
  return contentHash(root, ['deploy/Dockerfile', ...contents[target]], bases.release).slice(0, 12);
}

async function build(target: Target, name: string, { root, owner, bases, report }: BuildOptions): Promise<void> {
  report(`building ${name}`);
  const args = [
    ...['--target', target, '--file', join(root, 'deploy/Dockerfile'), '--tag', name],
    ...['--build-arg', `BASE_IMAGE=${bases.base}`, '--build-arg', `NODE_IMAGE=${bases.node}`],
    ...['--build-arg', `KUBELAB_OWNER=${owner}`],
  ];
  await run('docker', ['build', ...args, root], {
    env: await buildEnvironment(),
    onLine: (line) => {
      if (line.trim() !== '') report(`building ${name}: ${line.trim().slice(0, 100)}`);
    },
  });
}

function bundleOf(program: string): string {
  return `dist/bundle/${program}.mjs`;
}
