/** Programs that a test starts and may kill: their logs, their ends, and what a killed engine leaves behind. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const stopMs = 20_000;

/** Starts it with its output appended to a file. */
export function startProcess([program = '', ...args]: readonly string[], logFile: string): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('close', () => log.end());
  return child;
}

export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await exited;
  clearTimeout(killer);
}

/** An engine that was killed leaves its containers' mounts and processes behind. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .reverse();
  for (const path of mounts) await run('umount', ['-l', path]);
}

/** The containers of an engine that was killed and did not come back. */
export function endShims(directory: string): void {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const shims = processes.filter((pid) => readProc(pid, 'cmdline').includes(`\0-address\0${directory}/`));
  for (const pid of processes) {
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readProc(pid, 'stat'))?.[1];
    if (parent && shims.includes(parent)) endPid(Number(pid));
  }
  for (const pid of shims) endPid(Number(pid));
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}

export function endPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A /24 that no interface of this machine has, as its first three numbers. */
export async function freeSubnet(): Promise<string> {
  for (;;) {
    const [third = 0] = randomBytes(1);
    const { stdout } = await run('ip', ['route', 'show', `172.28.${third}.0/24`]);
    if (stdout.trim() === '') return `172.28.${third}`;
  }
}
