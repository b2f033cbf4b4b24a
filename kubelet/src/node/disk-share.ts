/**
 * The part of a disk that is this node's. A node in a container shares its disk with its host, so what others have filled says nothing about the node:
 * what was in use before the node had anything there is taken off the disk's size once and for all.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@kubelab/component/logger';
import type { DiskUsage } from './machine.js';

export interface DiskShareOptions {
  /** Remembers what was others'; survives the kubelet as the node's data does. */
  stateFile: string;
  read(): Promise<DiskUsage>;
  /** Bytes that this node has on the disk before anything is remembered. */
  own(): Promise<number>;
  logger: Logger;
}

interface State {
  version: 1;
  othersBytes: number;
  othersInodes: number;
}

export class DiskShare {
  readonly #options: DiskShareOptions;
  #state: Promise<State> | undefined;

  constructor(options: DiskShareOptions) {
    this.#options = options;
  }

  async read(): Promise<DiskUsage> {
    const usage = await this.#options.read();
    this.#state ??= this.#load(usage).catch((error: unknown) => {
      this.#state = undefined;
      throw error;
    });
    return shareOf(usage, await this.#state);
  }

  async #load(usage: DiskUsage): Promise<State> {
    const { stateFile, logger } = this.#options;
    const known = await readText(stateFile);
    if (known !== undefined) {
      const state = parseState(known);
      if (state) return state;
      const aside = `${stateFile}.corrupt`;
      await rename(stateFile, aside);
      logger.error('State file is corrupt; it was set aside and is made anew', { file: stateFile, aside });
    }
    const own = Math.min(await this.#options.own(), usage.capacityBytes - usage.availableBytes);
    const state: State = {
      version: 1,
      othersBytes: usage.capacityBytes - usage.availableBytes - own,
      othersInodes: usage.inodes - usage.inodesFree,
    };
    await mkdir(dirname(stateFile), { recursive: true });
    await writeFile(`${stateFile}.new`, formatState(state));
    await rename(`${stateFile}.new`, stateFile);
    return state;
  }
}

/** Pure: what is left of the disk without the others' part. */
export function shareOf(usage: DiskUsage, others: Pick<State, 'othersBytes' | 'othersInodes'>): DiskUsage {
  return {
    ...usage,
    // Others may have tidied up since.
    capacityBytes: Math.max(usage.capacityBytes - others.othersBytes, usage.availableBytes),
    inodes: Math.max(usage.inodes - others.othersInodes, usage.inodesFree),
  };
}

export function formatState(state: State): string {
  return `${JSON.stringify({ ...state, checksum: checksumOf(state) })}\n`;
}

/** Undefined for text that is not what formatState wrote. */
export function parseState(text: string): State | undefined {
  try {
    const { checksum, ...state } = JSON.parse(text) as State & { checksum?: string };
    return state.version === 1 && checksum === checksumOf(state) ? state : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function checksumOf({ version, othersBytes, othersInodes }: State): string {
  return createHash('sha256')
    .update(JSON.stringify([version, othersBytes, othersInodes]))
    .digest('hex')
    .slice(0, 16);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
