import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { ensureInstalled, isDebianLike, offlineNeeds } from '../host/packages.js';
import { run, tryRun } from '../process/run.js';
import { buildEnvironment } from './build-environment.js';
import { adoptImage, hasImage } from './owned-images.js';
import { ownedName } from './ownership.js';

/** What the lab's images are built from, and where everyday images come from. */
export interface BaseImages {
  base: string;
  node: string;
  /** Without Docker Hub, images are made from Debian's packages. */
  source: 'docker-hub' | 'debian-packages';
  /** Under whatever names: what is in them. */
  release: string;
}

interface BaseImage {
  /** What Docker Hub calls it. */
  hub: string;
  repository: string;
}

const base: BaseImage = { hub: 'debian:bookworm-slim', repository: 'kubelab/base' };
const node: BaseImage = { hub: 'node:20-bookworm-slim', repository: 'kubelab/nodejs' };

/** Tags of Docker Hub's images and of those made here. */
const contents = { 'docker-hub': 'hub', 'debian-packages': 'bookworm' } as const;

/** A registry that cannot be reached must not hold `up` back for long. */
const hubTimeoutMs = 10_000;

export interface BaseImageOptions {
  docker: Docker;
  owner: string;
  /** A folder for large files. */
  cache: string;
  report: (state: string) => void;
}

/** Docker Hub's images where they can be had, else ones made on this machine. What was made once is kept and used again. */
export async function ensureBaseImages(options: BaseImageOptions): Promise<BaseImages> {
  return (
    (await findFromHub(options)) ??
    (await findLocal(options)) ??
    (await pullFromHub(options)) ??
    (await makeLocalImages(options))
  );
}

/** Debian's base system of another release than the lab's images have, for tests of what a lab comes up on. */
export async function ensureDebianImage(options: BaseImageOptions, release: string): Promise<string> {
  if (release === contents['debian-packages']) return (await ensureBaseImages(options)).base;
  const { docker, owner, cache, report } = options;
  const found = await adoptImage(docker, base.repository, release, owner);
  if (found !== undefined) return found;
  await ensureInstalled(offlineNeeds, report);
  mkdirSync(cache, { recursive: true });
  const name = ownedName(base.repository, release, owner);
  await makeBase(name, release, join(cache, 'base.tar'), report);
  return name;
}

function basesOf(source: BaseImages['source'], names: { base: string; node: string }): BaseImages {
  return { ...names, source, release: `${source} ${base.hub} ${node.hub}` };
}

/** The machine's own, which are used as they are and stay, else what a lab has pulled. */
async function findHubImage({ docker, owner }: BaseImageOptions, image: BaseImage): Promise<string | undefined> {
  if (await hasImage(docker, image.hub)) return image.hub;
  return adoptImage(docker, image.repository, contents['docker-hub'], owner);
}

async function findFromHub(options: BaseImageOptions): Promise<BaseImages | undefined> {
  const names = { base: await findHubImage(options, base), node: await findHubImage(options, node) };
  return names.base === undefined || names.node === undefined
    ? undefined
    : basesOf('docker-hub', { base: names.base, node: names.node });
}

async function findLocal({ docker, owner }: BaseImageOptions): Promise<BaseImages | undefined> {
  const find = ({ repository }: BaseImage): Promise<string | undefined> =>
    adoptImage(docker, repository, contents['debian-packages'], owner);
  const names = { base: await find(base), node: await find(node) };
  return names.base === undefined || names.node === undefined
    ? undefined
    : basesOf('debian-packages', { base: names.base, node: names.node });
}

/** Undefined when Docker Hub cannot be reached: neither from here nor, because engines may have a proxy of their own, by the engine. */
async function pullFromHub(options: BaseImageOptions): Promise<BaseImages | undefined> {
  const reachable = await answers('https://registry-1.docker.io/v2/');
  const names: string[] = [];
  for (const image of [base, node]) {
    const name = (await findHubImage(options, image)) ?? (await pull(image, reachable, options));
    if (name === undefined) return undefined;
    names.push(name);
  }
  return basesOf('docker-hub', { base: names[0]!, node: names[1]! });
}

/** Under a name of the lab's own alone: Docker Hub's would stay behind when the lab goes. */
async function pull(
  { hub, repository }: BaseImage,
  reachable: boolean,
  { docker, owner, report }: BaseImageOptions,
): Promise<string | undefined> {
  report(`pulling ${hub} from Docker Hub`);
  const { code } = await tryRun('docker', ['pull', '-q', hub], reachable ? {} : { timeoutMs: hubTimeoutMs });
  if (code !== 0) return undefined;
  const name = ownedName(repository, contents['docker-hub'], owner);
  await run('docker', ['tag', hub, name]);
  await docker.getImage(hub).remove();
  return name;
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(hubTimeoutMs) });
    return true;
  } catch {
    // Whatever the reason is, the engine's own attempt decides.
    return false;
  }
}

/** As in Debian's own images: nothing of what apt and dpkg need only while they run stays in a layer. */
const aptSettings = [
  'Dir::Cache::pkgcache "";',
  'Dir::Cache::srcpkgcache "";',
  'Acquire::Languages "none";',
  'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };',
].join(' ');

async function makeLocalImages({ owner, cache, report }: BaseImageOptions): Promise<BaseImages> {
  if (!isDebianLike() || process.getuid?.() !== 0) {
    throw new CliError(
      'Docker Hub cannot be reached, and only root on Debian or Ubuntu can make the base image from packages.',
      {
        hint: `Make \`docker pull ${base.hub}\` work, or load that image and ${node.hub} with \`docker load\`.`,
      },
    );
  }
  await ensureInstalled(offlineNeeds, report);
  mkdirSync(cache, { recursive: true });
  const names = {
    base: ownedName(base.repository, contents['debian-packages'], owner),
    node: ownedName(node.repository, contents['debian-packages'], owner),
  };
  report('Docker Hub cannot be reached: making the base image from Debian packages (mmdebstrap)');
  await makeBase(names.base, contents['debian-packages'], join(cache, 'base.tar'), report);
  await makeNode(names, join(cache, 'nodejs'), report);
  return basesOf('debian-packages', names);
}

/** The settings are those of Debian's own slim images: no documentation, no package caches. */
async function makeBase(
  name: string,
  release: string,
  archive: string,
  report: (state: string) => void,
): Promise<void> {
  const excluded = ['doc', 'man', 'info', 'locale', 'lintian'].map(
    (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
  );
  await run(
    'mmdebstrap',
    [
      '--quiet',
      '--variant=minbase',
      '--include=ca-certificates,libstdc++6',
      ...excluded,
      `--customize-hook=printf '%s' '${aptSettings}' > "$1/etc/apt/apt.conf.d/lean"; rm -f "$1"/var/cache/apt/*.bin`,
      release,
      archive,
    ],
    { onLine: report },
  );
  report('importing the base image');
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await run('docker', ['import', '--change', 'CMD ["bash"]', '--change', `ENV PATH=${path}`, archive, name]);
  rmSync(archive);
}

/** This machine's Node in the base image. */
async function makeNode(
  names: { base: string; node: string },
  context: string,
  report: (state: string) => void,
): Promise<void> {
  report(`taking over Node ${process.version} of this machine`);
  mkdirSync(context, { recursive: true });
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  writeFileSync(join(context, 'Dockerfile'), `FROM ${names.base}\nCOPY node /usr/local/bin/node\n`);
  await run('docker', ['build', '-q', '-t', names.node, context], { env: await buildEnvironment() });
  rmSync(context, { recursive: true });
}
