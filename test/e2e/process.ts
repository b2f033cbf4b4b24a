/** Running programs as a user would, with what they printed and how they ended. */

import { type ChildProcess, spawn } from 'node:child_process';

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  timeoutMs?: number;
  env?: Record<string, string>;
  cwd?: string;
}

/** Never rejects for a failing program; one that hangs is killed and its code is -1. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', cwd: options.cwd, env: { ...process.env, ...options.env } });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 90_000);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({
        code: timedOut ? -1 : (code ?? -1),
        stdout,
        stderr: timedOut ? `${stderr}\n(killed: it took too long)` : stderr,
      });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** A program that goes on; ended at the latest by `stop`. */
export interface Running {
  child: ChildProcess;
  output(): string;
  /** Resolves as soon as the output so far matches; rejects with the output when it does not in time or the program ends. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

export function start(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string> } = {},
): Running {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...options.env } });
  let output = '';
  const listeners = new Set<() => void>();
  const add = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    child,
    output: () => output,
    until: (pattern, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void => {
          clearTimeout(timer);
          listeners.delete(check);
          const match = pattern.exec(output);
          if (match) resolve(match);
          else reject(error ?? new Error(`${program} ended without printing ${pattern}:\n${output}`));
        };
        const check = (): void => {
          if (pattern.test(output)) finish();
        };
        const timer = setTimeout(
          () => finish(new Error(`${program} did not print ${pattern} in time:\n${output}`)),
          timeoutMs,
        );
        listeners.add(check);
        check();
        ended.then(() => finish()).catch(reject);
      }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
