import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** A file inside a tar archive that stays on disk: read where it lies, never as a whole. */
export interface TarEntry {
  readonly size: number;
  readonly offset: number;
}

export interface TarIndex {
  /** Regular files by their names; links count as what they point to. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  read(entry: TarEntry): Readable;
  text(entry: TarEntry): Promise<string>;
}

/** The file is no tar archive. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

const block = 512;

/** Reads the headers of an archive. Throws TarError. */
export async function indexTar(path: string): Promise<TarIndex> {
  const file = await open(path, 'r');
  try {
    const entries = await readEntries(file, path);
    const read = ({ offset, size }: TarEntry): Readable =>
      size === 0
        ? createReadStream(path, { start: offset, end: offset, highWaterMark: 1 }).take(0)
        : createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: 1 << 20 });
    return { entries, read, text: async (entry) => textOf(read(entry)) };
  } finally {
    await file.close();
  }
}

async function readEntries(file: FileHandle, path: string): Promise<Map<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const links: { name: string; target: string }[] = [];
  const { size: fileSize } = await file.stat();
  const header = Buffer.alloc(block);
  for (let offset = 0; offset + block <= fileSize; ) {
    await file.read(header, 0, block, offset);
    if (header.every((byte) => byte === 0)) break;
    if (header.toString('latin1', 257, 262) !== 'ustar') throw new TarError(`${path} is not a tar archive`);
    const { name, size, type, link } = parseHeader(header);
    if (type === '0' || type === '\0') entries.set(name, { size, offset: offset + block });
    else if (type === '1' || type === '2') links.push({ name, target: type === '1' ? link : resolveLink(name, link) });
    offset += block + Math.ceil(size / block) * block;
  }
  for (const { name, target } of links) {
    const entry = entries.get(target);
    if (entry) entries.set(name, entry);
  }
  return entries;
}

function parseHeader(header: Buffer): { name: string; size: number; type: string; link: string } {
  const name = stringAt(header, 0, 100);
  const prefix = header[262] === 0 ? stringAt(header, 345, 155) : '';
  return {
    name: (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, ''),
    size: sizeAt(header, 124),
    type: header.toString('latin1', 156, 157),
    link: stringAt(header, 157, 100),
  };
}

function stringAt(header: Buffer, start: number, length: number): string {
  const end = header.indexOf(0, start);
  return header.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** Octal digits, or for sizes of 8 GiB and more a big-endian number marked by the top bit. */
function sizeAt(header: Buffer, start: number): number {
  if ((header[start]! & 0x80) !== 0) return Number(header.readBigUInt64BE(start + 4));
  return Number.parseInt(stringAt(header, start, 12).trim() || '0', 8);
}

function resolveLink(name: string, link: string): string {
  return new URL(link, `tar:///${name}`).pathname.slice(1);
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
