import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { parseManifest } from './manifest.js';
import { fullName } from './mirror.js';

export interface StaticPodSourceOptions {
  /** --pod-manifest-path; the folder need not be there. */
  folder: string;
  nodeName: string;
  /** Milliseconds between two looks; changes are seen at once where the kernel tells them. */
  checkMs: number;
  clock: Clock;
  logger: Logger;
  /** All static pods there are to be now. */
  onChange(pods: Pod[]): void;
}

interface Manifest {
  text: string;
  pod: Pod | undefined;
  /** Since when the text makes no sense; `pod` is then that of the text before. */
  brokenSince?: number;
}

/** Reads static pods from a folder, again whenever something changes in it. */
export class StaticPodSource {
  readonly #options: StaticPodSourceOptions;
  /** By path: a manifest that did not change keeps the pod that was made of it. */
  readonly #known = new Map<string, Manifest>();

  constructor(options: StaticPodSourceOptions) {
    this.#options = options;
  }

  /** Resolves when the folder has been read once; goes on until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#look();
    void this.#loop(signal);
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, checkMs } = this.#options;
    while (!signal.aborted) {
      const changed = new AbortController();
      // First the watch, then the look: what changes while it is read is seen in the next round.
      const stopWatching = this.#watch(() => changed.abort());
      await this.#look();
      await clock.sleep(checkMs, AbortSignal.any([signal, changed.signal])).catch(() => undefined);
      stopWatching();
    }
  }

  #watch(onChange: () => void): () => void {
    const { folder, logger } = this.#options;
    try {
      const watcher = watch(folder, onChange);
      watcher.on('error', (error) => logger.debug('Manifest folder cannot be watched', { folder, error }));
      return () => watcher.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return () => undefined;
    }
  }

  async #look(): Promise<void> {
    const { logger, folder, onChange } = this.#options;
    try {
      const paths = await this.#files();
      for (const path of [...this.#known.keys()]) if (!paths.includes(path)) this.#known.delete(path);
      for (const path of paths) await this.#read(path);
      onChange(this.#pods());
    } catch (error) {
      // What was read before stays.
      logger.error('Unable to read config path', { path: folder, error });
    }
  }

  async #files(): Promise<string[]> {
    const { folder } = this.#options;
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => join(folder, entry.name))
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #read(path: string): Promise<void> {
    const { nodeName, clock, logger } = this.#options;
    const text = await readFile(path, 'utf8');
    const known = this.#known.get(path);
    if (known?.text === text) return;
    const now = clock.now();
    try {
      this.#known.set(path, { text, pod: parseManifest(text, { path, nodeName, now }) });
    } catch (error) {
      logger.error('Could not process manifest file', { path, error });
      this.#known.set(path, { text, pod: known?.pod, brokenSince: known?.brokenSince ?? now });
    }
  }

  /** Of two manifests for the same pod the first counts. One that is broken may be on its way to its file: until the next check its pod stays. */
  #pods(): Pod[] {
    const { clock, checkMs } = this.#options;
    const byName = new Map<string, Pod>();
    for (const { pod, brokenSince } of this.#known.values()) {
      const isLost = brokenSince !== undefined && clock.now() - brokenSince >= checkMs;
      if (pod && !isLost && !byName.has(fullName(pod))) byName.set(fullName(pod), pod);
    }
    return [...byName.values()];
  }
}
