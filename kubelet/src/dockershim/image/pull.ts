/** Pulling one image: the engine reports progress as JSON documents, and an error is just another of them. */
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';
import type Docker from 'dockerode';
import { engineCall, engineMessage } from '../engine/errors.js';
import { jsonLines } from '../engine/json-lines.js';
import type { EngineAuth } from './auth.js';
import { splitReference } from './reference.js';

export interface PullOptions {
  docker: Docker;
  clock: Clock;
  /** A pull that makes no progress for this long is cancelled (milliseconds). */
  progressDeadlineMs: number;
}

interface ProgressMessage {
  error?: string;
  errorDetail?: { message?: string };
}

export async function pullImage(
  reference: string,
  auth: EngineAuth | undefined,
  signal: AbortSignal,
  options: PullOptions,
): Promise<void> {
  const { name, tag } = splitReference(reference);
  // createImage() takes the credentials out of what it is given, so it gets objects of its own.
  const request = auth
    ? options.docker.createImage({ ...auth }, { fromImage: name, tag })
    : options.docker.createImage({ fromImage: name, tag });
  const stream = (await engineCall(`pull image "${reference}"`, () => request).catch((error: CriError) => {
    throw pullError(reference, error.cause ?? error);
  })) as Readable;
  const watchdog = new Watchdog(stream, options);
  const onAbort = (): void => void stream.destroy(new Error('the pull was cancelled by its caller'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const message of jsonLines<ProgressMessage>(stream)) {
      watchdog.feed();
      if (message.error !== undefined) throw new Error(message.errorDetail?.message ?? message.error);
    }
  } catch (error) {
    throw pullError(reference, error);
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', onAbort);
    stream.destroy();
  }
}

/** Destroys a stream that nobody feeds. */
class Watchdog {
  private timer: Timer | undefined;

  constructor(
    private readonly stream: Readable,
    private readonly options: PullOptions,
  ) {
    this.feed();
  }

  feed(): void {
    const { clock, progressDeadlineMs: ms } = this.options;
    this.timer?.clear();
    const message = `no progress for ${ms / 1000} s`;
    this.timer = clock.setTimeout(() => this.stream.destroy(new Error(message)), ms);
  }

  stop(): void {
    this.timer?.clear();
  }
}

function pullError(reference: string, error: unknown): CriError {
  const message = engineMessage(error);
  const missing = /not found|manifest unknown|does not exist|no such image/i.test(message);
  const text = `failed to pull image "${reference}": Error response from daemon: ${message}`;
  return new CriError(missing ? 'NOT_FOUND' : 'UNKNOWN', text, { cause: error });
}
