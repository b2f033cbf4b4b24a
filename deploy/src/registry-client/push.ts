import { Readable } from 'node:stream';
import { type ContainerImage, digestOf, manifestMediaType, manifestOf } from './image.js';
import type { RegistryClient } from './registry-client.js';

/** Pushes what the registry does not have yet. False: it had all of it, under this tag. */
export async function pushImage(
  client: RegistryClient,
  repository: string,
  tag: string,
  image: ContainerImage,
): Promise<boolean> {
  const manifest = manifestOf(image);
  if ((await client.manifestDigest(repository, tag, manifestMediaType)) === digestOf(manifest)) return false;
  const config = {
    digest: digestOf(image.config),
    size: image.config.length,
    open: () => Readable.from([image.config]),
  };
  for (const blob of [...image.layers, config]) {
    if (!(await client.hasBlob(repository, blob.digest))) await client.uploadBlob(repository, blob);
  }
  await client.putManifest(repository, tag, manifestMediaType, manifest);
  return true;
}
