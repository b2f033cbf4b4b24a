/** Registry credentials of the node itself, for all its pods: the files of `docker login` where upstream's kubelet looks for them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { type DockerAuth, Keyring } from './keyring.js';

export interface NodeCredentialsOptions {
  /** Of the kubelet: --root-dir comes first, then its working directory, home and root. */
  rootDir: string;
  workingDir: string;
  home: string;
  clock: Clock;
  logger: Logger;
}

/** As long as upstream: a changed file counts after that time. */
const cachedForMs = 5 * 60_000;

export class NodeCredentials {
  readonly #options: NodeCredentialsOptions;
  #keyring = new Keyring([]);
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: NodeCredentialsOptions) {
    this.#options = options;
  }

  /** The first file that can be read counts; those that hold something else are told of and passed over. */
  async keyring(): Promise<Keyring> {
    const { clock } = this.#options;
    const now = clock.now();
    if (now >= this.#readAt && now - this.#readAt < cachedForMs) return this.#keyring;
    this.#keyring = await this.#read();
    this.#readAt = now;
    return this.#keyring;
  }

  async #read(): Promise<Keyring> {
    const { rootDir, workingDir, home, logger } = this.#options;
    const current = [rootDir, workingDir, join(home, '.docker'), '/.docker'].map((folder) =>
      join(folder, 'config.json'),
    );
    const older = [rootDir, workingDir, home, '/'].map((folder) => join(folder, '.dockercfg'));
    for (const path of [...current, ...older]) {
      try {
        const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, DockerAuth> & { auths?: object };
        const auths = current.includes(path) ? content.auths : content;
        return new Keyring([(auths ?? {}) as Record<string, DockerAuth>]);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') continue;
        // Not the error itself: it may quote what the file holds.
        logger.warn('The node’s registry credentials cannot be read', {
          path,
          reason: code ?? 'not the file of docker login',
        });
      }
    }
    return new Keyring([]);
  }
}
