/** A Docker engine of its own for tests: nothing of it is shared with another engine on the machine. */
import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { endPid, endProcess, endShims, freeSubnet, startProcess, unmountBelow } from './engine-process.js';
import { importTestImages } from './test-images.js';

const run = promisify(execFile);

export interface TestEngine {
  docker: Docker;
  /** `unix:///...` */
  endpoint: string;
  directory: string;
  /** The engine's configuration (daemon.json); read only with the option `configFile`. */
  configFile: string;
  /** The engine's own log, for a test that fails. */
  log(): string;
  /** SIGKILL, as a crash would; start() brings it back with the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It hangs: SIGSTOP, until thaw(). */
  freeze(): void;
  thaw(): void;
  /** SIGTERM, as a service manager does. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface TestEngineOptions {
  /** More arguments for dockerd. */
  args?: readonly string[];
  /** The engine gets a network namespace of its own and with it the default bridge; else it gets a bridge of its own. */
  ownNetwork?: boolean;
  /** Reads `configFile`. */
  configFile?: boolean;
}

const startMs = 30_000;

/** Starts dockerd (package docker.io) with the images that the tests use. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const name = `klds${randomBytes(3).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  const network = options.ownNetwork ? await createNamespace(name) : await createBridge(name);
  const socket = join(directory, 'docker.sock');
  const configFile = join(directory, 'daemon.json');
  writeFileSync(configFile, '{}');
  const logFile = join(directory, 'dockerd.log');
  const docker = new Docker({ socketPath: socket });
  const command = [
    ...network.command,
    'dockerd',
    ...['--data-root', join(directory, 'data')],
    ...['--exec-root', join(directory, 'exec')],
    ...['--pidfile', join(directory, 'dockerd.pid')],
    ...['--host', `unix://${socket}`],
    ...['--iptables=false', '--ip-masq=false'],
    ...network.args,
    ...(options.configFile ? ['--config-file', configFile] : []),
    ...(options.args ?? []),
  ];
  let child: ChildProcess | undefined;
  const engine: TestEngine = {
    docker,
    endpoint: `unix://${socket}`,
    directory,
    configFile,
    log: () => readFileSync(logFile, 'utf8'),
    start: async () => {
      rmSync(join(directory, 'dockerd.pid'), { force: true });
      endContainerd(directory);
      child = startProcess(command, logFile);
      await waitUntilReady(docker, child, () => engine.log());
    },
    kill: () => endProcess(child, 'SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: () => endProcess(child, 'SIGTERM'),
    close: async () => {
      await endProcess(child, 'SIGTERM');
      endShims(directory);
      endContainerd(directory);
      await unmountBelow(directory);
      await network.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await engine.start();
    await importTestImages(docker);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

interface TestNetwork {
  command: string[];
  args: string[];
  remove(): Promise<void>;
}

async function createBridge(name: string): Promise<TestNetwork> {
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  const subnet = await freeSubnet();
  await run('ip', ['addr', 'add', `${subnet}.1/24`, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
  return {
    command: [],
    args: ['--bridge', name],
    remove: async () => {
      await run('ip', ['link', 'del', name]);
    },
  };
}

async function createNamespace(name: string): Promise<TestNetwork> {
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up']);
  return {
    // Not `ip netns exec`: that hides the cgroups.
    command: ['nsenter', `--net=/run/netns/${name}`, '--'],
    args: [],
    remove: async () => {
      await run('ip', ['netns', 'del', name]);
    },
  };
}

async function waitUntilReady(docker: Docker, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + startMs;
  let last = 'no answer yet';
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    try {
      await docker.ping();
      return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`dockerd did not start: ${last}\n${log().split('\n').slice(-20).join('\n')}`);
}

/** A killed engine's containerd may be left, or be dead and nobody has collected it: the next one must not wait for it. */
function endContainerd(directory: string): void {
  const pidFile = join(directory, 'exec/containerd/containerd.pid');
  if (!existsSync(pidFile)) return;
  endPid(Number(readFileSync(pidFile, 'utf8')));
  rmSync(pidFile);
}
