import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { hasCommand, tryRun } from '../process/run.js';
import { lastLines } from '../wait/last-lines.js';
import { waitUntil } from '../wait/wait-until.js';
import { defaultSocket, probeEngine } from './connect.js';

/** Where an engine that kubelab started writes. */
export const engineLog = '/var/log/kubelab-dockerd.log';

export interface EngineStart {
  clock: Clock;
  report: (state: string) => void;
}

/** The engine; starts one where none answers and this user may. Says in `started` how. */
export async function ensureEngine(
  options: EngineStart,
): Promise<{ docker: Docker; version: string; started?: string }> {
  const found = await probeEngine();
  if ('docker' in found) return found;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || process.env['DOCKER_HOST']) {
    throw new CliError(`Docker is not running: ${found.reason}.`, {
      hint: 'Start Docker (or Docker Desktop), make sure that `docker info` works as this user, and run the command again.',
    });
  }
  const { how: started, again } = await startEngine(options);
  let engine: { docker: Docker; version: string } | undefined;
  await waitUntil({
    what: 'the Docker engine to answer',
    timeoutMs: 120_000,
    intervalMs: 100,
    clock: options.clock,
    report: options.report,
    probe: async () => {
      const probe = await probeEngine();
      if ('docker' in probe) engine = probe;
      else again();
      return 'docker' in probe ? { done: true } : { done: false, state: probe.reason };
    },
    onTimeout: async () => lastLines(engineLog, 15),
  });
  return { ...engine!, started };
}

interface StartedEngine {
  /** For the user. */
  how: string;
  /** To be called while it does not answer: starts it again when it has ended. */
  again(): void;
}

/** A dockerd waits 10 s for its containerd, which needs longer when it finds many containers after a crash; the next dockerd takes it over. */
const maxStarts = 3;

async function startEngine({ report }: EngineStart): Promise<StartedEngine> {
  if (existsSync('/run/systemd/system')) {
    report('systemctl start docker');
    const { code, lines } = await tryRun('systemctl', ['start', 'docker']);
    if (code !== 0)
      throw new CliError('systemd could not start Docker.', { hint: 'See `journalctl -u docker`.', details: lines });
    return { how: 'by systemd', again: () => undefined };
  }
  if (!(await hasCommand('dockerd'))) {
    throw new CliError('There is no Docker engine on this machine.', { hint: 'Install the package docker.io.' });
  }
  let starts = 0;
  let ended = true;
  const start = (): void => {
    if (!ended || starts === maxStarts) return;
    removeStaleFiles();
    report(starts === 0 ? 'starting dockerd' : 'dockerd has ended: starting it again');
    starts++;
    ended = false;
    const log = openSync(engineLog, 'a');
    // A session of its own: the engine outlives this command and its terminal.
    const dockerd = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
    dockerd.once('exit', () => {
      ended = true;
    });
    dockerd.unref();
    closeSync(log);
  };
  start();
  return { how: `dockerd, logs in ${engineLog}`, again: start };
}

/**
 * An engine that was killed, or that ended with the machine, leaves its pid and socket files. dockerd refuses to start when the number in
 * its pid file is in use by any process; containerd's own pid file stays when its process still runs, because dockerd then takes it over.
 */
function removeStaleFiles(): void {
  if (!runsAs('/var/run/docker.pid', 'dockerd')) {
    rmSync('/var/run/docker.pid', { force: true });
    rmSync(defaultSocket, { force: true });
  }
  if (!runsAs('/var/run/docker/containerd/containerd.pid', 'containerd')) {
    for (const file of ['containerd.pid', 'containerd.sock', 'containerd.sock.ttrpc', 'containerd-debug.sock']) {
      rmSync(`/var/run/docker/containerd/${file}`, { force: true });
    }
  }
}

function runsAs(pidFile: string, program: string): boolean {
  if (!existsSync(pidFile)) return false;
  const commandLine = `/proc/${readFileSync(pidFile, 'utf8').trim()}/cmdline`;
  return existsSync(commandLine) && (readFileSync(commandLine, 'utf8').split('\0')[0]?.endsWith(program) ?? false);
}
