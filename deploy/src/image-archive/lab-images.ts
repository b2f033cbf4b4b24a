/** The images that the lab brings itself, made from files of the control image: no build and no second copy of Node. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { kubernetesVersion } from '@kubelab/component/identity';
import type { ContainerImage, Layer } from '../registry-client/image.js';
import { type LayerFile, layerOf } from './file-layer.js';

/** The container that holds a pod's namespaces; kubelets ask for it by this name. */
export const pauseRepository = 'kubelab/pause';
export const pauseTag = '1';
export const dnsRepository = 'kubelab/dns';

export interface LabImageFiles {
  /** The static pause program. */
  pause: string;
  /** The bundled DNS server. */
  dns: string;
  /** The Node that runs it. */
  node: string;
}

/** Named after its content, so that a cluster whose DNS program changed rolls it out. */
export function dnsTag(bundle: string): string {
  return `v${kubernetesVersion}-${createHash('sha256').update(readFileSync(bundle)).digest('hex').slice(0, 12)}`;
}

export async function pauseImage(files: LabImageFiles): Promise<ContainerImage> {
  const layer = await layerOf([{ path: '/pause', mode: 0o755, source: { file: files.pause } }]);
  return imageOf([layer], { Entrypoint: ['/pause'], User: '65535:65535' });
}

/** Two layers: Node with its libraries, which all versions share, and the program. */
export async function dnsImage(files: LabImageFiles): Promise<ContainerImage> {
  const runtime = await layerOf(nodeRuntime(files.node));
  const program = await layerOf([{ path: '/dns.mjs', mode: 0o644, source: { file: files.dns } }]);
  return imageOf([runtime, program], {
    Entrypoint: ['/usr/local/bin/node', '/dns.mjs'],
    ExposedPorts: { '53/udp': {} },
  });
}

function nodeRuntime(node: string): LayerFile[] {
  const libraries = [...new Set(execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+/g) ?? [])];
  return [
    { path: '/etc', mode: 0o755, source: 'folder' },
    { path: '/etc/passwd', mode: 0o644, source: { text: 'root:x:0:0:root:/:/sbin/nologin\n' } },
    { path: '/etc/group', mode: 0o644, source: { text: 'root:x:0:\n' } },
    { path: '/etc/nsswitch.conf', mode: 0o644, source: { text: 'hosts: files dns\n' } },
    { path: '/tmp', mode: 0o1777, source: 'folder' },
    ...libraries.sort().map((file): LayerFile => ({ path: file, mode: 0o755, source: { file } })),
    { path: '/usr/local/bin/node', mode: 0o755, source: { file: node } },
  ];
}

function imageOf(layers: readonly Layer[], config: Record<string, unknown>): ContainerImage {
  const description = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], WorkingDir: '/', ...config },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'kubelab' })),
  };
  return { config: Buffer.from(JSON.stringify(description)), layers };
}
