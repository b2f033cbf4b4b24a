import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readDockerArchive } from '@kubelab/deploy/image-archive/docker-archive';
import { formatImageName, isDockerHubName, parseImageName } from '@kubelab/deploy/registry-client/image-name';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { isNode, type LabContainer, listContainers } from '../lab/containers.js';
import type { Lab } from '../lab/lab.js';
import { registryUrl } from '../lab/registry-url.js';
import { run } from '../process/run.js';
import { isMissing } from './owned-images.js';
import { pushArchive } from './push-archive.js';

export interface LoadOptions {
  lab: Lab;
  docker: Docker;
  /** Names of images of this machine's engine, or files that `docker save` wrote. */
  sources: readonly string[];
  report: (state: string) => void;
}

/** Where nodes look for archives, also those that join later. */
const archiveFolder = '/var/lib/kubelab/images';

/** Makes images usable on every node under exactly their names. Gives one sentence per image. */
export async function loadImages(options: LoadOptions): Promise<string[]> {
  const containers = await listContainers(options.docker, options.lab);
  const done: string[] = [];
  for (const source of options.sources) {
    if (isFile(source)) done.push(...(await loadArchive(source, basename(source), containers, options)));
    else done.push(...(await loadFromEngine(source, containers, options)));
  }
  return done;
}

function isFile(source: string): boolean {
  if (existsSync(source)) return true;
  if (/\.(tar|tgz|tar\.gz)$/.test(source)) throw new CliError(`There is no file ${source}.`);
  return false;
}

async function loadFromEngine(name: string, containers: LabContainer[], options: LoadOptions): Promise<string[]> {
  parseImageName(name);
  try {
    await options.docker.getImage(name).inspect();
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new CliError(`This machine's engine has no image ${name}.`, {
      hint: `Build it, or get it with \`docker pull ${name}\`, and load it again.`,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'kubelab-image-'));
  const archive = join(folder, 'image.tar');
  try {
    options.report(`saving ${name}`);
    await run('docker', ['save', '-o', archive, name]);
    return await loadArchive(archive, fileNameOf(name), containers, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Docker Hub's names go to the lab's registry, which the nodes ask first, so that they are pulled for real. The engines ask no mirror for
 * other registries' names: those are loaded into each engine, and kept for nodes to come.
 */
async function loadArchive(
  archive: string,
  fileName: string,
  containers: LabContainer[],
  { report, docker }: LoadOptions,
): Promise<string[]> {
  const images = await readDockerArchive(archive);
  if (images.every(({ names }) => names.length === 0)) {
    throw new CliError(`${archive} holds no image that has a name.`, {
      hint: 'Save images by name: `docker save -o FILE.tar NAME`.',
    });
  }
  const { pushed } = await pushArchive({ archive, registry: registryUrl(containers), report });
  const others = images.flatMap(({ names }) => names).filter((name) => !isDockerHubName(parseImageName(name)));
  if (others.length > 0) await loadIntoNodes(archive, fileName, containers.filter(isNode), { docker, report });
  return [
    ...pushed.map((name) => `${name} is in the lab's registry.`),
    ...others.map((name) => `${name} is loaded into every node.`),
  ];
}

async function loadIntoNodes(
  archive: string,
  fileName: string,
  nodes: readonly LabContainer[],
  { report }: Pick<LoadOptions, 'docker' | 'report'>,
): Promise<void> {
  const running = nodes.filter(({ state }) => state === 'running');
  const [first] = running;
  if (!first) throw new CliError('No node is running.', { hint: 'Start one with `./kubelab node start NAME`.' });
  const target = `${archiveFolder}/${fileName.endsWith('.tar') ? fileName : `${fileName}.tar`}`;
  report(`copying ${fileName} to the nodes' shared volume`);
  await run('docker', ['cp', archive, `${first.id}:${target}`]);
  for (const node of running) {
    report(`loading ${fileName} into ${node.node}`);
    await run('docker', ['exec', node.id, '/opt/kubelab/node/load-images.sh', '--once'], { onLine: report });
  }
}

/** One file per name: loading a name again replaces it. */
function fileNameOf(name: string): string {
  return `${formatImageName(parseImageName(name)).replace(/[^\w.-]+/g, '_')}.tar`;
}
