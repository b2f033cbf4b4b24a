import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Layer } from '../registry-client/image.js';

export interface LayerFile {
  /** Absolute path in the image. */
  path: string;
  mode: number;
  /** A file of this machine, or text, or nothing for a folder. */
  source: { file: string } | { text: string } | 'folder';
}

/**
 * A layer of these files. Owners are root and times are the epoch: the same files always make the same layer. Files are read again for
 * every reading of the layer, which keeps it out of memory; they must not change meanwhile.
 */
export async function layerOf(files: readonly LayerFile[]): Promise<Layer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of tarOf(files)) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, gzip: false, open: () => tarOf(files) };
}

function tarOf(files: readonly LayerFile[]): Readable {
  const archive = pack();
  const out = new PassThrough();
  pipeline(archive, out).catch((error: Error) => out.destroy(error));
  writeEntries(archive, files).then(
    () => archive.finalize(),
    (error: Error) => archive.destroy(error),
  );
  return out;
}

async function writeEntries(archive: ReturnType<typeof pack>, files: readonly LayerFile[]): Promise<void> {
  for (const { path, mode, source } of files) {
    const header = { name: path.replace(/^\//, ''), mode, mtime: new Date(0), uid: 0, gid: 0 };
    if (source === 'folder') {
      archive.entry({ ...header, type: 'directory' });
    } else if ('text' in source) {
      archive.entry(header, source.text);
    } else {
      const entry = archive.entry({ ...header, size: statSync(source.file).size });
      await pipeline(createReadStream(source.file, { highWaterMark: 1 << 20 }), entry);
    }
  }
}
