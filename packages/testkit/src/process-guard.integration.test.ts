/** A test's process that is killed leaves nothing behind. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { eventually } from './eventually.js';
import { guardProcesses } from './process-guard.js';

const here = dirname(fileURLToPath(import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelab-guard-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Zombies that nobody has waited for do not count as running. */
function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

interface Started {
  pids: number[];
  folders: string[];
}

/** A process that starts etcds and says which. */
async function startParent(code: string): Promise<{ parent: ChildProcess; started: Started }> {
  const file = join(folder, 'parent.mjs');
  const contents = `${code}
    import { readFileSync } from 'node:fs';
    const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ');
    const lines = children.map((pid) => ({ pid, line: readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0') }));
    const etcds = lines.filter(({ line }) => line[0] === 'etcd');
    const folders = etcds.map(({ line }) => line.find((arg) => arg.startsWith('--data-dir=')).slice(11));
    console.log(JSON.stringify({ pids: etcds.map(({ pid }) => Number(pid)), folders }));`;
  const options = { bundle: true, platform: 'node', format: 'esm', write: false, logLevel: 'silent' } as const;
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: here, loader: 'ts' } });
  writeFileSync(file, outputFiles[0]?.text ?? '');
  const parent = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line = '{}'] = await Promise.race([firstLine(parent), ended(parent)]);
  return { parent, started: JSON.parse(line) as Started };
}

function firstLine(parent: ChildProcess): Promise<string[]> {
  return new Promise((resolve) => {
    if (parent.stdout) createInterface(parent.stdout).once('line', (line) => resolve([line]));
  });
}

function ended(parent: ChildProcess): Promise<never> {
  return new Promise((_, reject) => parent.once('exit', (code) => reject(new Error(`the parent ended with ${code}`))));
}

test.each([
  ['one etcd', `import { startEtcd } from './etcd.js'; await startEtcd();`, 1],
  [
    'an etcd that was started again',
    `import { startEtcd } from './etcd.js'; const etcd = await startEtcd(); await etcd.kill(); await etcd.restart();`,
    1,
  ],
  [
    'a cluster with a member that hangs',
    `import { startEtcdCluster } from './etcd-cluster.js'; (await startEtcdCluster(3)).freeze(1);`,
    3,
  ],
])('%s ends with the process that started it', async (_, code, count) => {
  const { parent, started } = await startParent(code);
  expect(started.pids).toHaveLength(count);
  expect(started.pids.filter(isRunning)).toEqual(started.pids);
  expect(started.folders.filter((each) => existsSync(each))).toHaveLength(count);
  parent.kill('SIGKILL');
  await eventually(() => expect(started.pids.filter(isRunning)).toEqual([]));
  await eventually(() => expect(started.folders.filter((each) => existsSync(each))).toEqual([]));
});

test('what has ended by itself is not killed again, and the rest is', async () => {
  const guard = guardProcesses(folder);
  const [first, second] = [spawn('sleep', ['600']), spawn('sleep', ['600'])];
  guard.watch(first);
  guard.watch(second);
  const over = new Promise((resolve) => first.once('exit', resolve));
  first.kill();
  await over;
  await guard.release();
  await eventually(() => expect(second.signalCode).toBe('SIGKILL'));
  expect(first.signalCode).toBe('SIGTERM');
  expect(existsSync(folder)).toBe(false);
});

test('a program that is not there concerns the guard as little as its own end', async () => {
  const guard = guardProcesses(folder);
  const missing = spawn('/no/such/program');
  missing.on('error', () => undefined);
  guard.watch(missing);
  await guard.release();
  expect(() => guard.watch(spawn('true'))).not.toThrow();
});
