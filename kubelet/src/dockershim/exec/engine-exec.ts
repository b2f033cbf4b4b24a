/** One process started by the engine inside a running container. */
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { engineCall } from '../engine/errors.js';

export interface ExecCommand {
  containerId: string;
  command: readonly string[];
  tty: boolean;
}

/** A key sequence that nobody types: the engine's own default would swallow Ctrl-P. */
export const detachKeys = 'ctrl-@,ctrl-^,ctrl-_,ctrl-@';

export interface ExecEnd {
  exitCode: number;
  /** False when there was no process: the program is missing or may not be run, and the output is the engine's reason. */
  started: boolean;
}

/** How the engine begins its reason. */
export const startFailurePrefix = Buffer.from('OCI runtime exec failed: ');

export function startFailure(output: Buffer): Error {
  return new Error(`failed to exec in container: failed to start exec: ${output.toString('utf8').trim()}`);
}

const firstPollMs = 5;
const lastPollMs = 250;

export class EngineExec {
  private constructor(
    private readonly exec: Docker.Exec,
    private readonly containerId: string,
    private readonly clock: Clock,
    /** Output comes out of it (in frames unless there is a terminal), what is written is the process's stdin. */
    readonly connection: Duplex,
  ) {}

  /** Stdin is attached even when nobody uses it: without it old engines lose the output of processes that end at once. */
  static async start(docker: Docker, clock: Clock, { containerId, command, tty }: ExecCommand): Promise<EngineExec> {
    return engineCall(`exec in container "${containerId}"`, async () => {
      const exec = await docker.getContainer(containerId).exec({
        Cmd: [...command],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty,
        DetachKeys: detachKeys,
      });
      const connection = await exec.start({ hijack: true, stdin: true, Tty: tty });
      connection.on('error', () => undefined);
      return new EngineExec(exec, containerId, clock, connection);
    });
  }

  async resize(size: { width: number; height: number }): Promise<void> {
    await this.exec.resize({ w: size.width, h: size.height });
  }

  /** The output ends a little before the engine knows the exit code, and much earlier for a process that closes its output. */
  async end(signal: AbortSignal): Promise<ExecEnd> {
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, lastPollMs)) {
      const { Running, ExitCode, Pid } = await engineCall('get the exit code', () => this.exec.inspect());
      if (!Running && ExitCode !== null) return { exitCode: ExitCode, started: Pid !== 0 };
      await this.clock.sleep(pollMs, signal);
    }
  }

  /** Kills the process; the engine itself has no call for that. A process that is not the container's is never touched. */
  async kill(): Promise<void> {
    this.connection.destroy();
    const { Running, Pid } = await engineCall('find the process', () => this.exec.inspect());
    if (!Running || !(Pid > 1)) return;
    const cgroups = await readFile(`/proc/${Pid}/cgroup`, 'utf8').catch(() => '');
    if (!cgroups.includes(this.containerId)) return;
    try {
      process.kill(Pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
