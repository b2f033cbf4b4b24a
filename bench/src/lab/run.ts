import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** What a benchmark cannot go on without has failed; the message is for the user. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

export interface RunOptions {
  input?: string;
  signal?: AbortSignal;
}

/** Standard output of a command. Throws BenchError with the end of what it printed when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, { stdio: 'pipe', ...(options.signal ? { signal: options.signal } : {}) });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(new BenchError(`${command} could not be run: ${cause.message}`, { cause })));
    child.on('close', (code) => resolve(code ?? 1));
  });
  // A command that ends early does not read its input; its exit code says what is wrong.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === 0) return stdout;
  const shown = `${stdout}${stderr}`.trimEnd().split('\n').slice(-20).join('\n');
  throw new BenchError(`${[command, ...args.slice(0, 4)].join(' ')} ended with ${code}:\n${shown}`);
}
