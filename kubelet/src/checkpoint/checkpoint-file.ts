/** A file of the kubelet's own state: versioned, checksummed, replaced as a whole. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@kubelab/component/logger';

export interface CheckpointOptions<T> {
  path: string;
  /** Of the layout of the data; a file of another version is not used. */
  version: number;
  logger: Logger;
  /** Throws an Error when the data is not what this version holds. */
  parse(data: unknown): T;
}

interface Envelope {
  version: number;
  checksum: string;
  data: unknown;
}

/** What cannot be read is reported and set aside: whoever asked builds its state anew. */
export class CheckpointFile<T> {
  readonly #options: CheckpointOptions<T>;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CheckpointOptions<T>) {
    this.#options = options;
  }

  /** Undefined when there is no file, or none that can be used. */
  async read(): Promise<T | undefined> {
    const { path, logger } = this.#options;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return this.#decode(text);
    } catch (error) {
      const aside = `${path}.corrupt`;
      logger.error('A state file cannot be used; it is set aside and its content built anew', { path, aside, error });
      await rename(path, aside);
      return undefined;
    }
  }

  #decode(text: string): T {
    const { version, parse } = this.#options;
    const envelope = JSON.parse(text) as Partial<Envelope> | null;
    if (envelope?.version !== version) throw new Error(`version ${envelope?.version} is not ${version}`);
    if (envelope.checksum !== checksumOf(envelope.data)) throw new Error('checkpoint is corrupted: wrong checksum');
    return parse(envelope.data);
  }

  /** Resolves when the content is on disk. A crash leaves the old file or the new one, never a part. */
  write(data: T): Promise<void> {
    const { version } = this.#options;
    const text = `${JSON.stringify({ version, checksum: checksumOf(data), data } satisfies Envelope)}\n`;
    const next = this.#writing.catch(() => undefined).then(() => this.#replace(text));
    this.#writing = next;
    return next;
  }

  async #replace(text: string): Promise<void> {
    const { path } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
}

function checksumOf(data: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(data) ?? '')
    .digest('hex');
}
