import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { guardProcesses } from './process-guard.js';

export interface TestEtcd {
  /** `http://127.0.0.1:port`, or with https. */
  endpoint: string;
  clientPort: number;
  /** SIGTERM, and the data is removed. */
  stop(): Promise<void>;
  /** SIGKILL; the data stays for {@link restart}. */
  kill(): Promise<void>;
  /** Starts again on the same port and data. */
  restart(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Files in PEM: the server's certificate, and the authority that clients' certificates must be from. */
export interface TestEtcdTls {
  certFile: string;
  keyFile: string;
  clientCaFile: string;
}

/**
 * A real etcd on free ports, with its data in memory where the machine has room there; it ends with this process, also when that is killed. Needs
 * Debian's etcd-server.
 */
export async function startEtcd(options: { args?: readonly string[]; tls?: TestEtcdTls } = {}): Promise<TestEtcd> {
  const dataDir = mkdtempSync(join(dataFolder(), 'kubelab-etcd-'));
  const guard = guardProcesses(dataDir);
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const { tls } = options;
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${clientPort}`;
  const healthUrl = `http://127.0.0.1:${tls ? await freePort() : clientPort}`;
  const args = [...(tls ? tlsArgs(tls, healthUrl) : []), ...(options.args ?? [])];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawnEtcd(dataDir, endpoint, `http://127.0.0.1:${peerPort}`, args);
    guard.watch(child);
    await healthy(child, healthUrl);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
    await guard.release();
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, clientPort, stop, kill: () => end('SIGKILL'), restart: start, [Symbol.asyncDispose]: stop };
}

function tlsArgs({ certFile, keyFile, clientCaFile }: TestEtcdTls, healthUrl: string): string[] {
  return [
    `--cert-file=${certFile}`,
    `--key-file=${keyFile}`,
    `--trusted-ca-file=${clientCaFile}`,
    '--client-cert-auth=true',
    `--listen-metrics-urls=${healthUrl}`,
  ];
}

/** One etcd's data grow up to this in the tests. Containers have 64 MB of shared memory unless they are given more. */
export const neededBytes = 1024 ** 3;

/** Memory where there is enough of it, else the usual folder for temporary files. */
export function dataFolder(memory = '/dev/shm', needed: number = neededBytes): string {
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= needed ? memory : tmpdir();
}

function spawnEtcd(dataDir: string, clientUrl: string, peerUrl: string, args: readonly string[]): ChildProcess {
  return spawn(
    'etcd',
    [
      `--data-dir=${dataDir}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--log-level=error',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

/** Waits until etcd answers; fails at once, with what it wrote last, when it ends instead. */
async function healthy(child: ChildProcess, endpoint: string): Promise<void> {
  let written = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    written = (written + chunk.toString()).slice(-2000);
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await eventually(() => (hasEnded() ? undefined : checkHealth(endpoint)), { what: 'etcd health' });
  if (hasEnded()) throw new Error(`etcd ended (${child.signalCode ?? child.exitCode}) instead of serving: ${written}`);
}

async function checkHealth(endpoint: string): Promise<void> {
  const response = await fetch(`${endpoint}/health`);
  if (!(await response.text()).includes('true')) throw new Error('not healthy yet');
}
