/** Copies one container's output from the engine's log to its CRI log until the container has ended and all of it is there. */
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { EngineLog } from './engine-log.js';
import { EngineLogDecoder, formatEntries } from './entries.js';
import { LogFile } from './log-file.js';
import { findResumePoint } from './resume.js';
import { Wakeup } from './wakeup.js';

export interface LoggedContainer {
  id: string;
  /** Where the kubelet wants the log. */
  path: string;
  /** The engine's own. */
  engineLog: string;
}

export interface LogCopierOptions {
  clock: Clock;
  logger: Logger;
}

const firstRetryMs = 100;
const lastRetryMs = 10_000;
/** The safety net for a change that was not reported. */
const pollMs = 5000;

export class LogCopier {
  private readonly file: LogFile;
  private readonly changed: Wakeup;
  private readonly stopped = new AbortController();
  private ended = false;
  private cannotFree = false;
  /** Resolves when everything the container wrote is in the file, or the container is gone. */
  readonly done: Promise<void>;

  constructor(
    private readonly container: LoggedContainer,
    private readonly options: LogCopierOptions,
  ) {
    this.file = new LogFile(container.path);
    this.changed = new Wakeup(options.clock);
    this.done = this.run();
  }

  /** The next line goes to a new file at the same path. */
  reopen(): Promise<void> {
    return this.file.open();
  }

  /** The container writes no more: `done` resolves when what it wrote is copied. */
  finish(): void {
    this.ended = true;
    this.changed.wake();
  }

  /** At once; what is not copied yet is left to the next copier. */
  stop(): void {
    this.stopped.abort();
    this.changed.wake();
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.stopped;
    for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        await this.copy();
        break;
      } catch (error) {
        if (isMissing(error, this.container.engineLog)) break;
        logger.warn('Copying a container log failed and is tried again', { id: this.container.id, error });
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
    await this.file.close().catch((error: unknown) => logger.warn('Closing a container log failed', { error }));
  }

  /** From where the file ends to the container's end. After a failure the file tells again where to go on. */
  private async copy(): Promise<void> {
    const source = await EngineLog.open(this.container.engineLog, () => this.changed.wake());
    try {
      const { isNew } = await findResumePoint(this.container.path);
      await this.file.open();
      const decoder = new EngineLogDecoder();
      for (;;) {
        // Looked at before the reading: what is written before the end must be read after it.
        const last = this.ended || this.stopped.signal.aborted;
        for (let chunk = await source.read(); chunk && !this.stopped.signal.aborted; chunk = await source.read()) {
          const entries = decoder.push(chunk).filter(isNew);
          if (entries.length > 0) await this.file.write(formatEntries(entries));
          await this.free(source, decoder.pendingBytes);
        }
        if (last) return;
        await this.changed.wait(pollMs);
      }
    } finally {
      await source.close();
    }
  }

  private async free(source: EngineLog, keepBytes: number): Promise<void> {
    if (this.cannotFree) return;
    try {
      await source.free(keepBytes);
    } catch (error) {
      this.cannotFree = true;
      this.options.logger.warn('The engine’s copy of a log keeps its disk space', { id: this.container.id, error });
    }
  }
}

function isMissing(error: unknown, path: string): boolean {
  const { code, path: missing } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && missing === path;
}
