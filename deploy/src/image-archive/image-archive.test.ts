import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { digestOf } from '../registry-client/image.js';
import { ArchiveError, readDockerArchive } from './docker-archive.js';
import { layerOf } from './file-layer.js';
import { indexTar, TarError } from './tar-index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelab-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

type Entry = { name: string; content: string | Buffer } | { name: string; linkname: string; type: 'symlink' | 'link' };

async function writeTar(entries: readonly Entry[]): Promise<string> {
  const path = join(folder, 'archive.tar');
  const archive = pack();
  for (const entry of entries) {
    if ('linkname' in entry) archive.entry(entry);
    else archive.entry({ name: entry.name }, entry.content);
  }
  archive.finalize();
  await pipeline(archive, createWriteStream(path));
  return path;
}

describe('layerOf', () => {
  it('makes the same layer of the same files, and names it by its bytes', async () => {
    const source = join(folder, 'program');
    writeFileSync(source, 'x'.repeat(3_000_000));
    const files = [
      { path: '/etc', mode: 0o755, source: 'folder' as const },
      { path: '/etc/passwd', mode: 0o644, source: { text: 'root:x:0:0::/:\n' } },
      { path: '/bin/program', mode: 0o755, source: { file: source } },
    ];
    const [first, second] = [await layerOf(files), await layerOf(files)];
    const bytes = await bytesOf(first.open());
    expect(first.digest).toBe(second.digest);
    expect(digestOf(bytes)).toBe(first.digest);
    expect(bytes.length).toBe(first.size);
    const path = join(folder, 'layer.tar');
    writeFileSync(path, bytes);
    const { entries } = await indexTar(path);
    expect([...entries].map(([name, { size }]) => [name, size])).toEqual([
      ['etc/passwd', 15],
      ['bin/program', 3_000_000],
    ]);
  });

  it('fails when a file is missing', async () => {
    const missing = [{ path: '/x', mode: 0o644, source: { file: join(folder, 'missing') } }];
    await expect(layerOf(missing)).rejects.toThrow('ENOENT');
  });
});

describe('readDockerArchive', () => {
  const layer = Buffer.from('pretend this is a tar');
  const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } });
  const manifest = (layers: string[], tags: string[] | null = ['nginx:latest', 'ghcr.io/team/app:v1']): string =>
    JSON.stringify([{ Config: 'config.json', RepoTags: tags, Layers: layers }]);

  it('takes a plain layer by its diff id and leaves it in the file', async () => {
    const path = await writeTar([
      { name: 'abc/layer.tar', content: layer },
      { name: 'config.json', content: config },
      { name: 'manifest.json', content: manifest(['abc/layer.tar']) },
    ]);
    const [archived] = await readDockerArchive(path);
    expect(archived?.names).toEqual(['nginx:latest', 'ghcr.io/team/app:v1']);
    const [found] = archived!.image.layers;
    expect(found).toMatchObject({ digest: digestOf(layer), size: layer.length, gzip: false });
    expect(await bytesOf(found!.open())).toEqual(layer);
  });

  it('names a compressed layer by its compressed bytes', async () => {
    const compressed = gzipSync(layer);
    const path = await writeTar([
      { name: 'blobs/sha256/abc', content: compressed },
      { name: 'config.json', content: config },
      { name: 'manifest.json', content: manifest(['blobs/sha256/abc']) },
    ]);
    const [archived] = await readDockerArchive(path);
    expect(archived?.image.layers[0]).toMatchObject({ digest: digestOf(compressed), gzip: true });
  });

  it('follows the links that stand for repeated layers', async () => {
    const path = await writeTar([
      { name: 'abc/layer.tar', content: layer },
      { name: 'def/layer.tar', linkname: '../abc/layer.tar', type: 'symlink' },
      { name: 'config.json', content: config },
      { name: 'manifest.json', content: manifest(['def/layer.tar']) },
    ]);
    const [archived] = await readDockerArchive(path);
    expect(archived?.image.layers[0]?.size).toBe(layer.length);
  });

  it('has no names for an image that was saved by its id', async () => {
    const path = await writeTar([
      { name: 'config.json', content: config },
      { name: 'manifest.json', content: manifest([], null) },
    ]);
    expect((await readDockerArchive(path))[0]?.names).toEqual([]);
  });

  it('refuses a file that is no archive, and an archive that holds no images', async () => {
    const text = join(folder, 'text');
    writeFileSync(text, 'x'.repeat(2000));
    await expect(readDockerArchive(text)).rejects.toThrow(new TarError(`${text} is not a tar archive`));
    const other = await writeTar([{ name: 'readme', content: 'hello' }]);
    await expect(readDockerArchive(other)).rejects.toThrow(ArchiveError);
  });

  it('says which file an archive lacks', async () => {
    const path = await writeTar([
      { name: 'config.json', content: config },
      { name: 'manifest.json', content: manifest(['gone/layer.tar']) },
    ]);
    await expect(readDockerArchive(path)).rejects.toThrow('the archive lacks gone/layer.tar');
  });
});
