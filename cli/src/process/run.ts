import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CliError, codeOf } from '../errors.js';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: Record<string, string | undefined>;
  /** Written to the command's standard input, which is empty otherwise. */
  input?: string;
  /** Called with every line of output, of both streams, as it comes. */
  onLine?: (line: string) => void;
  /** Ends the command after this time; its exit code is then not 0. */
  timeoutMs?: number;
}

export interface RunResult {
  code: number;
  stdout: string;
  /** Both streams, line by line in the order they came. */
  lines: string[];
}

/** Lines of output that an error message shows. */
const shownLines = 15;

/** Runs a command to its end, whatever its exit code. Throws CliError when it cannot be started. */
export function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    const lines: string[] = [];
    const stdout: string[] = [];
    const collect = (line: string): void => {
      lines.push(line);
      options.onLine?.(line);
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout.push(line);
      collect(line);
    });
    createInterface({ input: child.stderr }).on('line', collect);
    child.on('error', (cause) => {
      const what = codeOf(cause) === 'ENOENT' ? `there is no command ${command}` : `${command} could not be started`;
      reject(new CliError(what, { cause }));
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? (signal ? 128 : 1), stdout: stdout.join('\n'), lines });
    });
    // The command may end without reading its input.
    child.stdin.on('error', (error) => {
      if (codeOf(error) !== 'EPIPE') reject(error);
    });
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a command and throws CliError with the end of its output when it fails. Gives its standard output. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(command, args, options);
  if (result.code !== 0) {
    throw new CliError(`${[command, ...args.slice(0, 3)].join(' ')} failed with exit code ${result.code}`, {
      details: result.lines.slice(-shownLines),
    });
  }
  return result.stdout;
}

/** Whether a command of this name is in the PATH. */
export async function hasCommand(name: string): Promise<boolean> {
  const { code } = await tryRun('sh', ['-c', `command -v ${name}`]);
  return code === 0;
}
