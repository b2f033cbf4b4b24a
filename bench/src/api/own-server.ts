/** A kubelab apiserver with an etcd of its own, its data in memory where the machine has /dev/shm: what is measured when no server is named. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startEtcd } from '@kubelab/testkit/etcd';
import { freePort } from '@kubelab/testkit/ports';
import { checkout } from '../lab/checkout.js';

export interface OwnServer {
  kubeconfig: string;
  pid: number;
  /** From the start of the process to the first good answer of /readyz: with an empty etcd, and once more with what is in it then. */
  readySeconds: { first: number; again: number };
  /** jemalloc, as in the lab, where this machine has it (Debian's package libjemalloc2). */
  allocator: 'jemalloc' | 'libc';
  stop(): Promise<void>;
}

const patienceMs = 60_000;

/** Builds the programs when the sources are newer. Rejects when the server does not become ready within a minute. */
export async function startOwnServer(signal: AbortSignal): Promise<OwnServer> {
  await run([join(checkout, 'scripts/build.mjs')]);
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kubelab-bench-'));
  const port = await freePort();
  const kubeconfig = join(folder, 'admin.conf');
  await run(
    [
      program('pki'),
      `--volumes=${folder}/pki`,
      `--admin-kubeconfig=${kubeconfig}`,
      `--api-server-port=${port}`,
      '--api-server-extra-sans=127.0.0.1',
    ],
    join(folder, 'pki.log'),
  );
  const etcd = await startEtcd({ args: [`--quota-backend-bytes=${8 * 1024 ** 3}`] });
  let server: ChildProcess | undefined;
  const preload = jemalloc();
  const stop = async (): Promise<void> => {
    await end(server);
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (): Promise<number> => {
    const log = openSync(join(folder, 'apiserver.log'), 'a');
    const began = performance.now();
    const started = spawn(process.execPath, serverArguments(folder, port, etcd.endpoint), {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...preload },
    });
    server = started;
    await ready(started, folder, port, signal);
    return (performance.now() - began) / 1000;
  };
  try {
    const first = await start();
    await end(server);
    const again = await start();
    return {
      kubeconfig,
      pid: server?.pid ?? 0,
      readySeconds: { first, again },
      allocator: preload ? 'jemalloc' : 'libc',
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The settings of deploy/control/start.sh. */
function jemalloc(): Record<string, string> | undefined {
  const folders = process.platform === 'linux' ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : [];
  const library = folders.map((folder) => join(folder, 'libjemalloc.so.2')).find((file) => existsSync(file));
  const settings = 'background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2';
  return library === undefined ? undefined : { LD_PRELOAD: library, MALLOC_CONF: settings };
}

const program = (name: string): string => join(checkout, `dist/bundle/${name}.mjs`);

function serverArguments(folder: string, port: number, etcd: string): string[] {
  const pki = join(folder, 'pki/apiserver');
  return [
    program('apiserver'),
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=10.0.0.1',
    `--etcd-servers=${etcd}`,
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
    `--client-ca-file=${pki}/ca.crt`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    '--service-cluster-ip-range=10.96.0.0/12',
  ];
}

async function run(args: readonly string[], log?: string): Promise<void> {
  const output = log === undefined ? ('inherit' as const) : openSync(log, 'a');
  const child = spawn(process.execPath, args, { stdio: ['ignore', output, output] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${args[0]} failed${log === undefined ? '' : `: ${readFileSync(log, 'utf8')}`}`);
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function ready(server: ChildProcess, folder: string, port: number, signal: AbortSignal): Promise<void> {
  const ca = readFileSync(join(folder, 'pki/apiserver/ca.crt'));
  const end = performance.now() + patienceMs;
  while ((await statusOf(port, ca)) !== 200) {
    signal.throwIfAborted();
    if (server.exitCode !== null || performance.now() > end) {
      throw new Error(`the server did not start: ${readFileSync(join(folder, 'apiserver.log'), 'utf8').slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Undefined while nobody answers. */
function statusOf(port: number, ca: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
