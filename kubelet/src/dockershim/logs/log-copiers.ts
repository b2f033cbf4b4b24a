/** The copiers of all containers: one per container whose log is not complete. */
import { CriError } from '@kubelab/proto/cri-error';
import type Docker from 'dockerode';
import type { EngineFactsSource } from '../engine/facts.js';
import { containerType, label, labelFilter } from '../engine/names.js';
import { LogCopier, type LogCopierOptions } from './log-copier.js';

export interface LogCopiersOptions extends LogCopierOptions {
  docker: Docker;
  facts: EngineFactsSource;
}

export class LogCopiers {
  private readonly copiers = new Map<string, LogCopier>();
  private closed = false;

  constructor(private readonly options: LogCopiersOptions) {}

  /** Starts copying, unless that is under way; a container without a log path has no log. */
  async follow(id: string, path: string): Promise<void> {
    if (path === '') return;
    const { rootDir } = await this.options.facts.get();
    if (this.closed || this.copiers.has(id)) return;
    // Where the engine's json-file driver writes; its inspect tells the same, but only once the container runs.
    const engineLog = `${rootDir}/containers/${id}/${id}-json.log`;
    const copier = new LogCopier({ id, path, engineLog }, this.options);
    this.copiers.set(id, copier);
    void copier.done
      .catch((error: unknown) => this.options.logger.error('Copying a container log ended', { id, error }))
      .finally(() => this.copiers.delete(id));
  }

  /** Takes over all containers of the engine, those too that ended while nobody copied. */
  async adopt(): Promise<void> {
    const listed = await this.options.docker.listContainers({ all: true, filters: labelFilter(containerType) });
    for (const { Id: id, State: state, Labels: labels } of listed) {
      if (state === 'created') continue;
      await this.follow(id, labels[label.logPath] ?? '');
      if (state === 'exited' || state === 'dead') this.finish(id);
    }
  }

  /** The container has ended. */
  finish(id: string): void {
    this.copiers.get(id)?.finish();
  }

  /** For a container that has ended: resolves when its log is complete, or after `ms`. */
  async drained(id: string, ms: number): Promise<void> {
    const copier = this.copiers.get(id);
    if (!copier) return;
    copier.finish();
    const giveUp = new AbortController();
    const timeout = this.options.clock.sleep(ms, giveUp.signal).catch(() => undefined);
    await Promise.race([copier.done, timeout]);
    giveUp.abort();
  }

  async reopen(id: string): Promise<void> {
    const copier = this.copiers.get(id);
    if (!copier) throw new CriError('FAILED_PRECONDITION', `container is not running (${id})`);
    await copier.reopen();
  }

  /** The container was removed; the engine's file is gone, but what is open can still be read to its end. */
  async forget(id: string): Promise<void> {
    const copier = this.copiers.get(id);
    copier?.finish();
    await copier?.done;
  }

  /** Nothing is written any more once this resolves; a later shim goes on from there. */
  async close(): Promise<void> {
    this.closed = true;
    for (const copier of this.copiers.values()) copier.stop();
    await Promise.allSettled([...this.copiers.values()].map((copier) => copier.done));
  }
}
