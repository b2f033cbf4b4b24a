/** A control plane for tests: real etcd, the real API server as a process of its own, and this controller manager within the test. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KubeClient } from '@kubelab/client/client';
import { createClient } from '@kubelab/client/rest-client';
import { systemClock } from '@kubelab/component/clock';
import { createLogger, type Logger } from '@kubelab/component/logger';
import { startEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { freePort } from '@kubelab/testkit/ports';
import { Registry } from 'prom-client';
import type { ManagerConfig } from '../config.js';
import { runControllerManager } from '../wire.js';
import { createTestAuthority, createTokenKeys, type Issued, issueClient, issueServing } from './certificates.js';
import { configWith } from './config.js';

const root = resolve(fileURLToPath(import.meta.url), '../../../..');

export interface TestCluster {
  /** May do everything. */
  client: KubeClient;
  /** Lines that the controller manager logged at warn and error. */
  complaints(): string[];
  close(): Promise<void>;
}

export async function startTestCluster(options: { config?: Partial<ManagerConfig> } = {}): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'kubelab-cm-'));
  const undo: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const file = (name: string, content: string): string => {
      const path = join(folder, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const authority = await createTestAuthority();
    const etcd = await startEtcd();
    undo.push(() => etcd.stop());
    const files = await writeFiles(authority, file);
    const port = await freePort();
    const server = startApiserver(['--secure-port', String(port), '--etcd-servers', etcd.endpoint, ...files.apiserver]);
    undo.push(() => end(server.child));
    const address = `https://127.0.0.1:${port}`;
    const admin = await issueClient(authority, 'admin', ['system:masters']);
    const client = createClient({ server: address, ca: authority.cert, ...admin });
    undo.push(() => client.close());
    await eventually(() => checkReady(client, server), { what: 'the API server', timeoutMs: 40_000 });
    const kubeconfig = file('controller-manager.conf', files.kubeconfig(address));
    const manager = startManager({ kubeconfig, ...files.manager, ...options.config });
    undo.push(manager.stop);
    return { client, complaints: manager.complaints, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function writeFiles(
  authority: Awaited<ReturnType<typeof createTestAuthority>>,
  file: (name: string, content: string) => string,
) {
  const serving = await issueServing(authority);
  const manager = await issueClient(authority, 'system:kube-controller-manager');
  const tokens = createTokenKeys();
  const ca = file('ca.crt', authority.cert);
  const signing = file('sa.key', tokens.privateKey);
  return {
    apiserver: [
      '--bind-address=127.0.0.1',
      // Endpoints refuse loopback addresses; nobody goes there.
      '--advertise-address=10.0.0.1',
      `--tls-cert-file=${file('apiserver.crt', serving.cert)}`,
      `--tls-private-key-file=${file('apiserver.key', serving.key)}`,
      `--client-ca-file=${ca}`,
      '--authorization-mode=Node,RBAC',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${file('sa.pub', tokens.publicKey)}`,
      `--service-account-signing-key-file=${signing}`,
      '--service-cluster-ip-range=10.96.0.0/16',
    ],
    manager: {
      'root-ca-file': ca,
      'cluster-signing-cert-file': ca,
      'cluster-signing-key-file': file('ca.key', authority.key),
      'service-account-private-key-file': signing,
    },
    kubeconfig: (server: string): string => kubeconfigOf(server, authority.cert, manager),
  };
}

/** JSON is YAML. */
function kubeconfigOf(server: string, ca: string, { cert, key }: Issued): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

interface Server {
  child: ChildProcess;
  output(): string;
}

/** Services do not import each other: the API server is built and run as a program. */
function startApiserver(args: readonly string[]): Server {
  execFileSync(process.execPath, [join(root, 'scripts/bundle.mjs'), 'apiserver'], { cwd: root, stdio: 'pipe' });
  const program = join(root, 'dist/bundle/apiserver.mjs');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-4000);
  });
  return { child, output: () => output };
}

async function checkReady(client: KubeClient, { child, output }: Server): Promise<void> {
  if (child.exitCode !== null) throw new Error(`the API server ended with code ${child.exitCode}: ${output()}`);
  const { code, body } = await client.raw('GET', '/readyz?verbose');
  if (code !== 200) throw new Error(`not ready: ${body}${output().slice(-1000)}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

function startManager(config: Partial<ManagerConfig>): { stop(): Promise<void>; complaints(): string[] } {
  const lines: string[] = [];
  const level = process.env['TEST_LOG'] ? 'debug' : 'warn';
  const logger: Logger = createLogger({
    component: 'controller-manager',
    level,
    destination: { write: (line) => (process.env['TEST_LOG'] ? process.stderr.write(line) : lines.push(line)) },
  });
  const stopping = new AbortController();
  const settings = configWith({ 'leader-elect': false, 'secure-port': 0, 'bind-address': '127.0.0.1', ...config });
  const running = runControllerManager(settings, {
    logger,
    registry: new Registry(),
    clock: systemClock,
    signal: stopping.signal,
  }).catch((error: unknown) => {
    lines.push(`ended: ${error instanceof Error ? error.stack : String(error)}`);
  });
  return {
    stop: async () => {
      stopping.abort(new Error('the test is over'));
      await running;
    },
    complaints: () => [...lines],
  };
}
