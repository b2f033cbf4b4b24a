import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** Bytes that a registry keeps under their digest. */
export interface Blob {
  /** `sha256:...` of the bytes. */
  readonly digest: string;
  readonly size: number;
  /** Each call starts a new reading. */
  open(): Readable;
}

export interface Layer extends Blob {
  readonly gzip: boolean;
}

/** An image as the distribution API wants it. */
export interface ContainerImage {
  /** The image configuration, byte for byte: its digest is the image's id. */
  readonly config: Buffer;
  readonly layers: readonly Layer[];
}

export const manifestMediaType = 'application/vnd.docker.distribution.manifest.v2+json';
const configMediaType = 'application/vnd.docker.container.image.v1+json';
const layerMediaType = 'application/vnd.docker.image.rootfs.diff.tar';

/** The manifest, byte for byte: the same image always has the same one. */
export function manifestOf(image: ContainerImage): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestMediaType,
      config: { mediaType: configMediaType, size: image.config.length, digest: digestOf(image.config) },
      layers: image.layers.map(({ digest, size, gzip }) => ({
        mediaType: gzip ? `${layerMediaType}.gzip` : layerMediaType,
        size,
        digest,
      })),
    }),
  );
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
