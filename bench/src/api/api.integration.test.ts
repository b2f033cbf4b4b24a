/** The benchmark against a server of which nothing but a kubeconfig is known. */

import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { type ApiBenchmark, parts, runApi, type ServerChoice } from './api.js';
import { type OwnServer, startOwnServer } from './own-server.js';

let server: OwnServer;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await startOwnServer(signal);
}, 400_000);
afterAll(() => server?.stop());

async function run(choice: ServerChoice, options: Partial<ApiBenchmark> = {}): Promise<string> {
  const lines: string[] = [];
  await runApi({
    server: choice,
    parts: parts.filter((part) => part !== 'growth'),
    clients: [1, 3],
    milliseconds: 100,
    objects: 60,
    watchers: 4,
    events: 10,
    signal,
    write: (line) => void lines.push(line),
    ...options,
  });
  return lines.join('\n');
}

async function get(path: string): Promise<{ items: { metadata: { name: string }; status: { phase: string } }[] }> {
  const { server: url, ca, cert, key } = loadKubeconfig(server.kubeconfig);
  const agent = new Agent({ ca, cert, key });
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    asked.on('error', reject);
    asked.end();
  }).finally(() => agent.destroy()) as ReturnType<typeof get>;
}

test('measures it, and leaves nothing behind', async () => {
  const shown = await run({ kubeconfig: server.kubeconfig });
  expect(shown).toMatch(/^RSS before: unknown/);
  for (const what of ['get', 'patch', 'list configmaps, gzip', 'list pods, Table', 'list pods, pages of 500']) {
    expect(shown).toMatch(new RegExp(`^${what} +3 +[1-9]`, 'm'));
  }
  expect(shown).toMatch(/^4 +10 +3 +\d/m);
  for (const plural of ['configmaps', 'pods']) {
    const { items } = await get(`/api/v1/${plural}`);
    expect(
      items.filter(
        ({ metadata }) => !metadata.name.startsWith('kube-') && metadata.name !== 'extension-apiserver-authentication',
      ),
    ).toEqual([]);
  }
  // Who finishes a namespace's deletion is a controller, which this server has not.
  const { items } = await get('/api/v1/namespaces');
  const left = items.filter(({ metadata }) => metadata.name.startsWith('bench-'));
  expect(left.every(({ status }) => status.phase === 'Terminating')).toBe(true);
});

test('measures two of them side by side, and the process of one', async () => {
  const { kubeconfig, pid } = server;
  const compare = { kubeconfig };
  const shown = await run({ kubeconfig, pid }, { compare, parts: ['requests'], clients: [2] });
  expect(shown).toMatch(/^RSS before: \d+ MB and unknown/);
  expect(shown).toMatch(/^get +2 +.*×/m);
  expect(shown).toMatch(/^RSS after: \d+ MB and unknown; at most: \d+ MB and unknown$/m);
});

describe('what is wrong is said', () => {
  test.each<[string, Partial<ServerChoice>, string]>([
    ['no such file', { kubeconfig: '/nowhere/admin.conf' }, 'kubeconfig /nowhere/admin.conf cannot be read'],
    ['no such context', { context: 'other' }, 'has no context "other"'],
    ['no such process', { pid: 999_999_999 }, 'there is no process 999999999'],
  ])('%s', async (_, choice, message) => {
    await expect(run({ kubeconfig: server.kubeconfig, ...choice })).rejects.toThrow(message);
  });

  test('somebody whom the server does not know', async () => {
    const config = readFileSync(server.kubeconfig, 'utf8').replace(/client-(certificate|key)-data: .*/g, '');
    const path = `${server.kubeconfig}.anonymous`;
    writeFileSync(path, config);
    await expect(run({ kubeconfig: path })).rejects.toThrow(
      /answered a POST to \/api\/v1\/namespaces with 403: .*namespaces is forbidden: User \\?"system:anonymous/,
    );
  });

  test('a server that goes away meanwhile, and one that is away', async () => {
    const going = run({ kubeconfig: server.kubeconfig }, { parts: ['requests'], milliseconds: 60_000 });
    const failed = expect(going).rejects.toThrow(/the server closed the connection|ECONNRESET|no connection to/);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    process.kill(server.pid, 'SIGKILL');
    await failed;
    await expect(run({ kubeconfig: server.kubeconfig })).rejects.toThrow(/no connection to .*ECONNREFUSED/);
  });
});
