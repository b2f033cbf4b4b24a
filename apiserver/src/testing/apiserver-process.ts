/** The apiserver as a process of its own, for tests that kill it or weigh it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kubelab/testkit/eventually';
import { freePort } from '@kubelab/testkit/ports';
import { guardProcesses, type ProcessGuard } from '@kubelab/testkit/process-guard';
import { build } from 'esbuild';
import { createTestCertificates, type TestCertificates } from './certificates.js';
import { createTestClient, type TestClient } from './test-client.js';

export interface ApiserverProcess {
  readonly port: number;
  readonly pid: number;
  /** Resident memory, in MB. */
  residentMegabytes(): number;
  /** The sum of the samples in /metrics whose lines match. */
  metric(pattern: RegExp): Promise<number>;
  /** A member of system:masters. */
  client(): TestClient;
  /** SIGKILL; the port stays its own for {@link start}. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  terminate(): Promise<number | null>;
  /** Again, after a kill; resolves when it is ready. */
  start(): Promise<void>;
}

export interface ApiserverProgram {
  readonly certificates: TestCertificates;
  /** One more server on this etcd; resolves when it is ready. */
  start(etcdEndpoint: string, flags?: readonly string[]): Promise<ApiserverProcess>;
  /** Kills what runs and removes all files. */
  close(): Promise<void>;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Bundles the program once, for any number of servers. */
export async function buildApiserver(): Promise<ApiserverProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'kubelab-apiserver-'));
  const program = await bundle();
  const certificates = await createTestCertificates();
  const identity = await certificates.issueClient('kubernetes-admin', ['system:masters']);
  const files = writeCredentials(folder, certificates);
  const guard = guardProcesses(folder);
  const processes: ManagedProcess[] = [];
  return {
    certificates,
    async start(etcdEndpoint, flags = []) {
      const port = await freePort();
      const args = [program, ...commonFlags(files, etcdEndpoint, port), ...flags];
      const started = new ManagedProcess(port, { args, guard, identity: { ca: certificates.ca, ...identity } });
      processes.push(started);
      await started.start();
      return started;
    },
    async close() {
      for (const process of processes) await process.kill();
      rmSync(folder, { recursive: true, force: true });
      await guard.release();
      rmSync(program, { force: true });
    },
  };
}

async function bundle(): Promise<string> {
  // Beside node_modules, from where the program takes its libraries.
  const folder = join(root, 'node_modules/.cache/kubelab');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `test-apiserver-${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: ['apiserver/src/main.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    alias: Object.fromEntries(
      ['apimachinery', 'api', 'component', 'client'].map((name) => [
        `@kubelab/${name}`,
        join(root, `packages/${name}/src`),
      ]),
    ),
    logLevel: 'silent',
  });
  return outfile;
}

type CredentialFiles = Readonly<Record<'cert' | 'key' | 'ca' | 'saKey' | 'saPublicKey', string>>;

function writeCredentials(folder: string, certificates: TestCertificates): CredentialFiles {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    cert: file('server.crt', certificates.cert),
    key: file('server.key', certificates.key),
    ca: file('ca.crt', certificates.ca),
    saKey: file('sa.key', certificates.serviceAccountKey),
    saPublicKey: file('sa.pub', certificates.serviceAccountPublicKey),
  };
}

function commonFlags(files: CredentialFiles, etcdEndpoint: string, port: number): string[] {
  return [
    `--etcd-servers=${etcdEndpoint}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=10.0.0.1',
    `--tls-cert-file=${files.cert}`,
    `--tls-private-key-file=${files.key}`,
    `--client-ca-file=${files.ca}`,
    `--service-account-signing-key-file=${files.saKey}`,
    `--service-account-key-file=${files.saPublicKey}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--authorization-mode=Node,RBAC',
  ];
}

interface ProcessOptions {
  args: readonly string[];
  guard: ProcessGuard;
  identity: { ca: string; cert: string; key: string };
}

class ManagedProcess implements ApiserverProcess {
  #child: ChildProcess | undefined;
  #log = '';

  constructor(
    readonly port: number,
    private readonly options: ProcessOptions,
  ) {}

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  client(): TestClient {
    return createTestClient({ port: this.port, ...this.options.identity });
  }

  residentMegabytes(): number {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1024;
  }

  async metric(pattern: RegExp): Promise<number> {
    const client = this.client();
    try {
      const { text } = await client.get('/metrics');
      const lines = text.split('\n').filter((line) => pattern.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    } finally {
      client.close();
    }
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.options.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.options.guard.watch(child);
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-10_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await eventually(() => this.#checkReady(child), { what: 'a ready apiserver', timeoutMs: 60_000 });
  }

  kill(): Promise<unknown> & Promise<void> {
    return this.#end('SIGKILL').then(() => undefined);
  }

  terminate(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #checkReady(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null) throw new Error(`the apiserver ended: ${this.#log}`);
    const client = this.client();
    try {
      const { code, text } = await client.get('/readyz');
      if (code !== 200) throw new Error(text);
    } finally {
      client.close();
    }
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = new Promise<number | null>((resolveExit) => child.once('exit', resolveExit));
    child.kill(signal);
    return gone;
  }
}
