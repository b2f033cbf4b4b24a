/** The program itself, killed without warning while clients write. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { freePort } from '@kubelab/testkit/ports';
import { createTestCertificates } from './testing/certificates.js';
import { createTestClient, type TestClient } from './testing/test-client.js';

const root = resolve(import.meta.dirname, '../..');
const maps = '/api/v1/namespaces/default/configmaps';

let folder: string;
let etcd: TestEtcd;
let port: number;
let args: string[];
let server: ChildProcess | undefined;
let newClient: () => TestClient;

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/bundle.mjs', 'apiserver'], { cwd: root });
  folder = mkdtempSync(join(tmpdir(), 'kubelab-crash-'));
  etcd = await startEtcd();
  port = await freePort();
  const certificates = await createTestCertificates();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  args = [
    join(root, 'dist/bundle/apiserver.mjs'),
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=10.0.0.1',
    `--etcd-servers=${etcd.endpoint}`,
    `--tls-cert-file=${file('server.crt', certificates.cert)}`,
    `--tls-private-key-file=${file('server.key', certificates.key)}`,
    `--client-ca-file=${file('ca.crt', certificates.ca)}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('sa.pub', certificates.serviceAccountPublicKey)}`,
    `--service-account-signing-key-file=${file('sa.key', certificates.serviceAccountKey)}`,
    '--service-cluster-ip-range=10.96.0.0/12',
    '--authorization-mode=RBAC',
  ];
  const identity = await certificates.issueClient('admin', ['system:masters']);
  newClient = () => createTestClient({ port, ca: certificates.ca, ...identity });
});

afterAll(async () => {
  await kill();
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = spawn(process.execPath, args, { stdio: 'ignore' });
  const client = newClient();
  await eventually(async () => expect((await client.get('/readyz')).code).toBe(200), { timeoutMs: 120_000 });
  client.close();
}

async function kill(): Promise<void> {
  const running = server;
  server = undefined;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const gone = once(running, 'exit');
  running.kill('SIGKILL');
  await gone;
}

/** Creates and updates objects of its own, and keeps what the server has acknowledged: name to value. */
async function writeUntil(isOver: () => boolean, writer: number, acknowledged: Map<string, string>): Promise<void> {
  const client = newClient();
  for (let index = 0; !isOver(); index++) {
    const name = `w${writer}-${Math.floor(index / 2)}`;
    const body = { metadata: { name }, data: { value: String(index) } };
    try {
      const answer = index % 2 === 0 ? await client.post(maps, body) : await client.put(`${maps}/${name}`, body);
      if (answer.code === 200 || answer.code === 201) acknowledged.set(name, answer.body.data.value);
    } catch {
      // The server is away: nothing was acknowledged. The next object is a new one.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  client.close();
}

test('what was acknowledged is there after the server was killed in the middle, again and again', async () => {
  await start();
  const acknowledged = new Map<string, string>();
  let over = false;
  const writers = [0, 1, 2, 3].map((writer) => writeUntil(() => over, writer, acknowledged));
  for (let round = 0; round < 3; round++) {
    const before = acknowledged.size;
    await eventually(() => expect(acknowledged.size).toBeGreaterThan(before + 20), { timeoutMs: 60_000 });
    await kill();
    await start();
  }
  over = true;
  await Promise.all(writers);
  const client = newClient();
  const { items } = (await client.get(maps)).body as {
    items: { metadata: { name: string }; data: { value: string } }[];
  };
  client.close();
  const stored = new Map(items.map(({ metadata, data }) => [metadata.name, Number(data.value)]));
  // A write whose answer was lost may have happened all the same: then the value is the newer one.
  const lost = [...acknowledged].filter(([name, value]) => (stored.get(name) ?? -1) < Number(value));
  expect(lost).toEqual([]);
});
