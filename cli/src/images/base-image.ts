import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { ensureInstalled, isDebianLike, offlineNeeds } from '../host/packages.js';
import { run, tryRun } from '../process/run.js';
import { buildEnvironment } from './build-environment.js';

/** What the lab's images are built from, and where everyday images come from. */
export interface BaseImages {
  base: string;
  node: string;
  /** Without Docker Hub, images are made from Debian's packages. */
  source: 'docker-hub' | 'debian-packages';
}

const hubImages: BaseImages = {
  base: 'debian:bookworm-slim',
  node: 'node:20-bookworm-slim',
  source: 'docker-hub',
};
const localImages: BaseImages = {
  base: 'kubelab/base:bookworm',
  node: 'kubelab/nodejs:bookworm',
  source: 'debian-packages',
};

/** A registry that cannot be reached must not hold `up` back for long. */
const hubTimeoutMs = 10_000;

export interface BaseImageOptions {
  docker: Docker;
  /** A folder for large files. */
  cache: string;
  report: (state: string) => void;
}

/** Docker Hub's images where they can be had, else ones made on this machine. What was made once is kept and used again. */
export async function ensureBaseImages(options: BaseImageOptions): Promise<BaseImages> {
  const { docker, report } = options;
  if (await hasImages(docker, hubImages)) return hubImages;
  if (await hasImages(docker, localImages)) return localImages;
  if (await pullFromHub(report)) return hubImages;
  await makeLocalImages(options);
  return localImages;
}

async function hasImages(docker: Docker, { base, node }: BaseImages): Promise<boolean> {
  for (const name of [base, node]) {
    const found = await docker.listImages({ filters: { reference: [name] } });
    if (found.length === 0) return false;
  }
  return true;
}

/** False when Docker Hub cannot be reached: neither from here nor, because engines may have a proxy of their own, by the engine. */
async function pullFromHub(report: (state: string) => void): Promise<boolean> {
  const reachable = await answers('https://registry-1.docker.io/v2/');
  for (const image of [hubImages.base, hubImages.node]) {
    report(`pulling ${image} from Docker Hub`);
    const { code } = await tryRun('docker', ['pull', '-q', image], reachable ? {} : { timeoutMs: hubTimeoutMs });
    if (code !== 0) return false;
  }
  return true;
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

async function makeLocalImages({ cache, report }: BaseImageOptions): Promise<void> {
  if (!isDebianLike() || process.getuid?.() !== 0) {
    throw new CliError(
      'Docker Hub cannot be reached, and only root on Debian or Ubuntu can make the base image from packages.',
      {
        hint: `Make \`docker pull ${hubImages.base}\` work, or load that image and ${hubImages.node} with \`docker load\`.`,
      },
    );
  }
  await ensureInstalled(offlineNeeds, report);
  mkdirSync(cache, { recursive: true });
  await makeBase(join(cache, 'base.tar'), report);
  await makeNode(join(cache, 'nodejs'), report);
}

/** The settings are those of Debian's own slim images: no documentation, no package caches. */
async function makeBase(archive: string, report: (state: string) => void): Promise<void> {
  report('Docker Hub cannot be reached: making the base image from Debian packages (mmdebstrap)');
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
      'bookworm',
      archive,
    ],
    { onLine: report },
  );
  report('importing the base image');
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await run('docker', [
    'import',
    '--change',
    'CMD ["bash"]',
    '--change',
    `ENV PATH=${path}`,
    archive,
    localImages.base,
  ]);
  rmSync(archive);
}

/** This machine's Node in the base image. */
async function makeNode(context: string, report: (state: string) => void): Promise<void> {
  report(`taking over Node ${process.version} of this machine`);
  mkdirSync(context, { recursive: true });
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  writeFileSync(join(context, 'Dockerfile'), `FROM ${localImages.base}\nCOPY node /usr/local/bin/node\n`);
  await run('docker', ['build', '-q', '-t', localImages.node, context], { env: await buildEnvironment() });
  rmSync(context, { recursive: true });
}
