/** What exec and attach see of their client, whatever the transport and the version of the protocol. */
import type { Readable, Writable } from 'node:stream';

export interface TerminalSize {
  width: number;
  height: number;
}

/**
 * For how long a client may read what was sent, once all has been: whoever closes earlier loses what is on its way as soon as the client says
 * anything. Only one that neither reads nor leaves is cut off.
 */
export const farewellMs = 15 * 60_000;

/** How a remote command ended. */
export type Outcome = { kind: 'exited'; code: number } | { kind: 'failed'; message: string };

export interface RemoteStreams {
  stdin: Readable | undefined;
  stdout: Writable | undefined;
  stderr: Writable | undefined;
  /** JSON documents with the client's terminal size. */
  resize: Readable | undefined;
  /** Aborts when the client is gone. */
  closed: AbortSignal;
  /** The client cannot say that its stdin is at the end. */
  stdinNeverEnds: boolean;
}

/** Which streams the client was promised. */
export interface StreamSelection {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Runs the command on the client's streams; a rejection is reported to the client as failure. */
export type RemoteCommand = (streams: RemoteStreams) => Promise<Outcome>;

/** Sizes out of the resize stream; what is not a size is skipped. */
export async function* terminalSizes(stream: Readable): AsyncGenerator<TerminalSize> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = parseSize(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size) yield size;
    }
  }
}

function parseSize(text: string): TerminalSize | undefined {
  const width = /"Width"\s*:\s*(\d+)/i.exec(text)?.[1];
  const height = /"Height"\s*:\s*(\d+)/i.exec(text)?.[1];
  return width && height ? { width: Number(width), height: Number(height) } : undefined;
}

/** A Kubernetes Status, as the error stream carries it from version 4 on. */
export function statusOf(outcome: Outcome): object {
  if (outcome.kind === 'failed') {
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${outcome.message}`,
      reason: 'InternalError',
      details: { causes: [{ message: outcome.message }] },
      code: 500,
    };
  }
  if (outcome.code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: exitMessage(outcome.code),
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(outcome.code) }] },
  };
}

/** What older versions say in plain text; nothing for success. */
export function errorTextOf(outcome: Outcome): string {
  if (outcome.kind === 'failed') return outcome.message;
  return outcome.code === 0 ? '' : exitMessage(outcome.code);
}

function exitMessage(code: number): string {
  return `command terminated with non-zero exit code: exit status ${code}`;
}

/** Runs the command and turns a rejection into an outcome. */
export async function runCommand(command: RemoteCommand, streams: RemoteStreams): Promise<Outcome> {
  try {
    return await command(streams);
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes with back-pressure; a writer that is gone takes nothing and does not fail. */
export async function writeAll(writer: Writable, data: Buffer): Promise<void> {
  if (writer.destroyed || writer.writableEnded) return;
  if (writer.write(data)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      writer.off('drain', done);
      writer.off('close', done);
      resolve();
    };
    writer.once('drain', done);
    writer.once('close', done);
  });
}

/** Ends a writer and waits until all of it has gone out, or the writer is gone. */
export async function endAll(writer: Writable | undefined): Promise<void> {
  if (!writer || writer.destroyed || writer.writableFinished) return;
  await new Promise<void>((resolve) => {
    writer.once('close', resolve);
    writer.end(resolve);
  });
}
