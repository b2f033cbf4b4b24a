/** Exec and Attach for a remote client: its streams joined to a process of the engine. */
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type Docker from 'dockerode';
import { engineCall } from '../engine/errors.js';
import { Demultiplexer } from '../logs/multiplex.js';
import {
  type Outcome,
  type RemoteCommand,
  type RemoteStreams,
  type TerminalSize,
  terminalSizes,
  writeAll,
} from '../streaming/remote-streams.js';
import { detachKeys, EngineExec, type ExecCommand, startFailure, startFailurePrefix } from './engine-exec.js';

export interface RemoteExecOptions {
  docker: Docker;
  clock: Clock;
  logger: Logger;
}

/** Runs a command; when the client leaves before its end the process is killed. */
export function remoteExec({ docker, clock, logger }: RemoteExecOptions, command: ExecCommand): RemoteCommand {
  return failingWith('error executing command in container', async (streams): Promise<Outcome> => {
    const exec = await EngineExec.start(docker, clock, command);
    const abandon = (): void => {
      exec.kill().catch((error: unknown) => logger.warn('An abandoned exec could not be killed', { error }));
    };
    streams.closed.addEventListener('abort', abandon, { once: true });
    if (streams.closed.aborted) abandon();
    try {
      const heldBack = await join(exec.connection, streams, {
        tty: command.tty,
        holdBack: startFailurePrefix,
        // The engine takes the end of a terminal's input for the end of its output.
        endsInput: !command.tty,
        resize: (size) => exec.resize(size),
        logger,
      });
      const { exitCode, started } = await exec.end(streams.closed);
      if (!started) throw startFailure(heldBack ?? Buffer.alloc(0));
      if (heldBack && streams.stdout) await writeAll(streams.stdout, heldBack);
      return { kind: 'exited', code: exitCode };
    } finally {
      streams.closed.removeEventListener('abort', abandon);
    }
  });
}

/** Attaches to the container's own process until it ends or the client leaves. */
export function remoteAttach(
  { docker, logger }: RemoteExecOptions,
  target: { containerId: string; tty: boolean; stdinOnce: boolean; stdin: boolean },
): RemoteCommand {
  return failingWith('error attaching to container', async (streams): Promise<Outcome> => {
    const container = docker.getContainer(target.containerId);
    const connection = (await engineCall(`attach to container "${target.containerId}"`, () =>
      container.attach({ stream: true, stdin: target.stdin, stdout: true, stderr: true, hijack: true, detachKeys }),
    )) as Duplex;
    connection.on('error', () => undefined);
    const leave = (): void => void connection.destroy();
    streams.closed.addEventListener('abort', leave, { once: true });
    await join(connection, streams, {
      tty: target.tty,
      endsInput: target.stdinOnce && !target.tty,
      resize: async ({ width, height }) => {
        await container.resize({ w: width, h: height });
      },
      logger,
    });
    return { kind: 'exited', code: 0 };
  });
}

/** A failure reaches the user with these words in front. */
function failingWith(words: string, command: RemoteCommand): RemoteCommand {
  return async (streams) => {
    try {
      return await command(streams);
    } catch (error) {
      return { kind: 'failed', message: `${words}: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
}

interface JoinOptions {
  tty: boolean;
  /** The end of the client's input is passed on. */
  endsInput: boolean;
  resize(size: TerminalSize): Promise<void>;
  logger: Logger;
  /** An output that consists of one piece beginning with this is not passed on but handed back. */
  holdBack?: Buffer;
}

/** Carries input and output until the engine ends the connection and all output is with the client. */
async function join(connection: Duplex, streams: RemoteStreams, options: JoinOptions): Promise<Buffer | undefined> {
  const { stdin, resize } = streams;
  const { logger } = options;
  if (resize) {
    followSizes(resize, options).catch((error: unknown) => logger.debug('Terminal sizes ended', { error }));
  }
  if (stdin) {
    copyInput(stdin, connection, options).catch((error: unknown) => logger.debug('Input ended', { error }));
  } else if (options.endsInput) {
    connection.end();
  }
  return copyOutput(connection, streams, options);
}

async function copyOutput(
  connection: Duplex,
  streams: RemoteStreams,
  { tty, holdBack }: JoinOptions,
): Promise<Buffer | undefined> {
  const frames = new Demultiplexer();
  let heldBack: Buffer | undefined;
  let first = true;
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
    const pieces = tty ? [{ stream: 'stdout' as const, data: chunk as Buffer }] : frames.push(chunk as Buffer);
    for (const { stream, data } of pieces) {
      if (first && holdBack && data.subarray(0, holdBack.length).equals(holdBack)) {
        heldBack = data;
      } else {
        if (heldBack && streams.stdout) await writeAll(streams.stdout, heldBack);
        heldBack = undefined;
        const writer = streams[stream];
        if (writer) await writeAll(writer, data);
      }
      first = false;
    }
  }
  return heldBack;
}

async function copyInput(stdin: Readable, connection: Duplex, options: JoinOptions): Promise<void> {
  for await (const chunk of stdin) await writeAll(connection, chunk as Buffer);
  if (options.endsInput) connection.end();
}

async function followSizes(resize: Readable, options: JoinOptions): Promise<void> {
  for await (const size of terminalSizes(resize)) {
    // The first size often comes before the process is there; the engine then refuses it.
    await options.resize(size).catch((error: unknown) => options.logger.debug('Resizing a terminal failed', { error }));
  }
}
