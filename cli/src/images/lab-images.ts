import { join } from 'node:path';
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
    'deploy/control',
    'deploy/pause/pause.c',
    'deploy/registry',
    ...['apiserver', 'scheduler', 'controller-manager', 'pki', 'addons', 'seed', 'dns'].map(bundleOf),
    'dist/proto',
  ],
  node: ['deploy/node', ...['dockershim', 'kubelet', 'kube-proxy'].map(bundleOf), 'dist/proto'],
};

const stampLabel = 'io.kubelab.stamp';

export interface BuildOptions {
  docker: Docker;
  root: string;
  bases: BaseImages;
  report: (state: string) => void;
}

/** Builds the images whose contents changed. Gives the names of those. */
export async function ensureLabImages(options: BuildOptions): Promise<string[]> {
  const { docker, root, bases } = options;
  const built: string[] = [];
  for (const target of targets) {
    const name = imageName(target);
    const stamp = contentHash(root, ['deploy/Dockerfile', ...contents[target]], bases.base, bases.node);
    if ((await stampOf(docker, name)) === stamp) continue;
    await build(target, stamp, options);
    built.push(name);
  }
  return built;
}

export function imageName(target: Target): string {
  return `kubelab/${target}:dev`;
}

/** Ids of the images as they are now: a container with another one is out of date. */
export async function labImageIds(docker: Docker): Promise<Record<Target, string>> {
  const [control, node] = await Promise.all(targets.map((target) => docker.getImage(imageName(target)).inspect()));
  return { control: control!.Id, node: node!.Id };
}

async function build(target: Target, stamp: string, { root, bases, report }: BuildOptions): Promise<void> {
  report(`building ${imageName(target)}`);
  const args = [
    ...['--target', target, '--file', join(root, 'deploy/Dockerfile'), '--tag', imageName(target)],
    ...['--build-arg', `BASE_IMAGE=${bases.base}`, '--build-arg', `NODE_IMAGE=${bases.node}`],
    ...['--label', `${stampLabel}=${stamp}`],
  ];
  await run('docker', ['build', ...args, root], {
    env: await buildEnvironment(),
    onLine: (line) => {
      if (line.trim() !== '') report(`building ${imageName(target)}: ${line.trim().slice(0, 100)}`);
    },
  });
}

async function stampOf(docker: Docker, image: string): Promise<string | undefined> {
  try {
    const { Config } = await docker.getImage(image).inspect();
    return Config.Labels?.[stampLabel];
  } catch (error) {
    if (isMissing(error)) return undefined;
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
