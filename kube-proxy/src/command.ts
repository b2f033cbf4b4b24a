import { spawn } from 'node:child_process';

/** A program of the system ended with an error; the message has what it printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    message: string,
    readonly code: number | null,
    readonly stderr: string,
  ) {
    super(message);
  }
}

/** Runs a program without a shell and resolves with its standard output. Throws CommandError. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: { input?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.on('error', (error) => reject(new CommandError(`${program} could not be run: ${error.message}`, null, '')));
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError(`${program} ${args.join(' ')} ended with ${code}: ${stderr.trim()}`, code, stderr));
    });
    // A program that refuses its input ends by itself; its exit code and stderr say why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
