/** Copies one container's output from the engine to its CRI log file until the container has ended and all of it is there. */
import type { Readable } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type Docker from 'dockerode';
import { engineStatus } from '../engine/errors.js';
import { createLogDecoder, formatEntries, type LogEntry } from './entries.js';
import { LogFile } from './log-file.js';
import { findResumePoint } from './resume.js';

export interface LoggedContainer {
  id: string;
  /** Where the kubelet wants the log. */
  path: string;
  tty: boolean;
  /** Known to have ended, so that one pass is enough. */
  ended: boolean;
}

export interface LogCopierOptions {
  docker: Docker;
  clock: Clock;
  logger: Logger;
}

const firstRetryMs = 100;
const lastRetryMs = 5000;

export class LogCopier {
  private readonly file: LogFile;
  private readonly stopped = new AbortController();
  /** Resolves when everything the container wrote is in the file, or the container is gone. */
  readonly done: Promise<void>;

  constructor(
    private readonly container: LoggedContainer,
    private readonly options: LogCopierOptions,
  ) {
    this.file = new LogFile(container.path);
    this.done = this.run();
  }

  /** The next line goes to a new file at the same path. */
  reopen(): Promise<void> {
    return this.file.open();
  }

  stop(): void {
    this.stopped.abort();
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.stopped;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        if (await this.copyOnce()) break;
        retryMs = firstRetryMs;
      } catch (error) {
        if (engineStatus(error) === 404 || signal.aborted) break;
        logger.warn('Copying a container log failed and is tried again', { id: this.container.id, error });
        await clock.sleep(retryMs, signal).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, lastRetryMs);
      }
    }
    await this.file.close().catch((error: unknown) => logger.warn('Closing a container log failed', { error }));
  }

  /** True when nothing can follow: the container had ended before this pass began. */
  private async copyOnce(): Promise<boolean> {
    const { ended } = this.container;
    const { since, filter } = await findResumePoint(this.container.path);
    await this.file.open();
    const stream = await this.openStream(since);
    const decoder = createLogDecoder(this.container);
    for await (const chunk of stream) await this.append(filter.apply(decoder.push(chunk as Buffer)));
    await this.append(filter.apply(decoder.flush()));
    if (ended) return true;
    const { State } = await this.engineContainer().inspect();
    this.container.ended = !State.Running;
    return false;
  }

  private async append(entries: LogEntry[]): Promise<void> {
    if (entries.length > 0) await this.file.write(formatEntries(entries));
  }

  private async openStream(since: number | undefined): Promise<Readable> {
    const stream = (await this.engineContainer().logs({
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      ...(since === undefined ? {} : { since }),
    })) as unknown as Readable;
    this.stopped.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    if (this.stopped.signal.aborted) stream.destroy();
    return stream;
  }

  private engineContainer(): Docker.Container {
    return this.options.docker.getContainer(this.container.id);
  }
}
