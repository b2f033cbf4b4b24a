/** The copiers of all containers: one per container whose log is not complete. */
import type { Clock } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';
import { containerType, label, labelFilter } from '../engine/names.js';
import { LogCopier, type LogCopierOptions, type LoggedContainer } from './log-copier.js';

export class LogCopiers {
  private readonly copiers = new Map<string, LogCopier>();

  private closed = false;

  constructor(private readonly options: LogCopierOptions) {}

  /** Starts copying, unless that is under way; a container without a log path has no log. */
  follow(container: LoggedContainer): void {
    if (this.closed || container.path === '' || this.copiers.has(container.id)) return;
    const copier = new LogCopier(container, this.options);
    this.copiers.set(container.id, copier);
    const { logger } = this.options;
    copier.done
      .catch((error: unknown) => logger.error('Copying a container log ended', { id: container.id, error }))
      .finally(() => this.copiers.delete(container.id));
  }

  /** Takes over all containers of the engine, those too that ended while nobody copied. */
  async adopt(): Promise<void> {
    const { docker } = this.options;
    const listed = await docker.listContainers({ all: true, filters: labelFilter(containerType) });
    for (const { Id: id, State: state, Labels: labels } of listed) {
      const path = labels[label.logPath] ?? '';
      if (state === 'created' || path === '' || this.copiers.has(id)) continue;
      const { Config } = await docker.getContainer(id).inspect();
      this.follow({ id, path, tty: Config.Tty, ended: state !== 'running' });
    }
  }

  /** Resolves when the container's log is complete, or after `ms`. */
  async drained(id: string, ms: number): Promise<void> {
    const copier = this.copiers.get(id);
    if (!copier) return;
    await withinTime(copier.done, ms, this.options.clock);
  }

  async reopen(id: string): Promise<void> {
    const copier = this.copiers.get(id);
    if (!copier) throw new CriError('FAILED_PRECONDITION', `container is not running (${id})`);
    await copier.reopen();
  }

  async forget(id: string): Promise<void> {
    const copier = this.copiers.get(id);
    copier?.stop();
    await copier?.done;
  }

  /** Nothing is written any more once this resolves; a later shim goes on from there. */
  async close(): Promise<void> {
    this.closed = true;
    for (const copier of this.copiers.values()) copier.stop();
    await Promise.allSettled([...this.copiers.values()].map((copier) => copier.done));
  }
}

async function withinTime(done: Promise<void>, ms: number, clock: Clock): Promise<void> {
  const giveUp = new AbortController();
  const timeout = clock.sleep(ms, giveUp.signal).catch(() => undefined);
  await Promise.race([done, timeout]);
  giveUp.abort();
}
