import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ContainerImage, Layer } from '../registry-client/image.js';
import { indexTar, type TarEntry, type TarIndex } from './tar-index.js';

/** An image of an archive, with the names it was saved under. */
export interface ArchivedImage {
  names: readonly string[];
  image: ContainerImage;
}

/** The archive is not what `docker save` writes. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

interface ManifestEntry {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

/** The images of an archive that `docker save` wrote (or podman or skopeo, as docker-archive). Layers stay in the file. */
export async function readDockerArchive(path: string): Promise<ArchivedImage[]> {
  const archive = await indexTar(path);
  const manifest = archive.entries.get('manifest.json');
  if (!manifest) {
    throw new ArchiveError(`${path} has no manifest.json: it is not an archive made by docker save`);
  }
  const images: ArchivedImage[] = [];
  for (const entry of JSON.parse(await archive.text(manifest)) as ManifestEntry[]) {
    images.push({ names: entry.RepoTags ?? [], image: await readImage(archive, entry) });
  }
  return images;
}

async function readImage(archive: TarIndex, { Config, Layers }: ManifestEntry): Promise<ContainerImage> {
  const config = Buffer.from(await archive.text(entryOf(archive, Config)));
  const { rootfs } = JSON.parse(config.toString('utf8')) as { rootfs: { diff_ids: string[] } };
  const layers: Layer[] = [];
  for (const [index, name] of Layers.entries()) {
    layers.push(await readLayer(archive, entryOf(archive, name), rootfs.diff_ids[index]));
  }
  return { config, layers };
}

function entryOf(archive: TarIndex, name: string): TarEntry {
  const entry = archive.entries.get(name);
  if (!entry) throw new ArchiveError(`the archive lacks ${name}, which its manifest names`);
  return entry;
}

/** A plain layer is named by its diff id; a compressed one has to be read for its digest. */
async function readLayer(archive: TarIndex, entry: TarEntry, diffId: string | undefined): Promise<Layer> {
  const open = (): Readable => archive.read(entry);
  const gzip = await isGzip(archive, entry);
  if (!gzip && diffId !== undefined) return { digest: diffId, size: entry.size, gzip, open };
  const hash = createHash('sha256');
  for await (const chunk of open()) hash.update(chunk as Buffer);
  return { digest: `sha256:${hash.digest('hex')}`, size: entry.size, gzip, open };
}

async function isGzip(archive: TarIndex, { offset, size }: TarEntry): Promise<boolean> {
  const chunks: Buffer[] = [];
  for await (const chunk of archive.read({ offset, size: Math.min(size, 2) })) chunks.push(chunk as Buffer);
  const start = Buffer.concat(chunks);
  return start[0] === 0x1f && start[1] === 0x8b;
}
