/** ExecSync: a command, its output and its exit code in one answer. */
import { once } from 'node:events';
import type { Clock } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';
import type { ExecSyncResponseInput } from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import { Demultiplexer } from '../logs/multiplex.js';
import { EngineExec, startFailure } from './engine-exec.js';

export interface ExecSyncOptions {
  docker: Docker;
  clock: Clock;
}

/** More output than this is cut off, for each of stdout and stderr. */
const outputLimit = 16 * 1024 * 1024;

/** `timeoutSeconds` 0 means no limit; after it the process is killed and the call fails with DEADLINE_EXCEEDED. */
export async function execSync(
  { docker, clock }: ExecSyncOptions,
  request: { containerId: string; command: readonly string[]; timeoutSeconds: number; signal: AbortSignal },
): Promise<ExecSyncResponseInput> {
  const { containerId, command, timeoutSeconds } = request;
  if (command.length === 0) throw new CriError('INVALID_ARGUMENT', 'cmd must not be empty');
  const exec = await EngineExec.start(docker, clock, { containerId, command, tty: false });
  const deadline = new AbortController();
  const timer =
    timeoutSeconds > 0
      ? clock.setTimeout(() => deadline.abort(timedOut(command, timeoutSeconds)), timeoutSeconds * 1000)
      : undefined;
  const signal = AbortSignal.any([deadline.signal, request.signal]);
  try {
    exec.connection.end();
    const output = await collect(exec, signal);
    const { exitCode, started } = await exec.end(signal);
    if (!started) throw startFailure(output.stdout);
    return { ...output, exitCode };
  } catch (error) {
    await exec.kill();
    throw signal.aborted ? signal.reason : error;
  } finally {
    timer?.clear();
  }
}

function timedOut(command: readonly string[], seconds: number): CriError {
  return new CriError('DEADLINE_EXCEEDED', `command "${command.join(' ')}" timed out after ${seconds}s`);
}

async function collect({ connection }: EngineExec, signal: AbortSignal): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const frames = new Demultiplexer();
  const output = { stdout: new LimitedBuffer(), stderr: new LimitedBuffer() };
  connection.on('data', (chunk: Buffer) => {
    for (const { stream, data } of frames.push(chunk)) output[stream].add(data);
  });
  await once(connection, 'close', { signal });
  return { stdout: output.stdout.bytes(), stderr: output.stderr.bytes() };
}

class LimitedBuffer {
  private readonly parts: Buffer[] = [];
  private size = 0;

  add(data: Buffer): void {
    const taken = data.subarray(0, outputLimit - this.size);
    this.size += taken.length;
    if (taken.length > 0) this.parts.push(taken);
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}
