import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { argumentsFor, type Binary } from './binary.js';
import { parseReport, type TestCase } from './junit.js';

export interface Call {
  readonly binary: Binary;
  readonly kubeconfig: string;
  readonly focus: string;
  readonly skip: string;
  readonly dryRun: boolean;
  readonly extra: readonly string[];
  /** Gets `output.log` and the report; what it held before is removed. */
  readonly folder: string;
  readonly timeoutMs: number;
  /** Ends the binary. */
  readonly signal: AbortSignal;
}

export interface CallResult {
  /** Every test the binary knows, skipped ones included; undefined when it wrote no report. */
  readonly tests: readonly TestCase[] | undefined;
  /** How it ended, in words for a message. */
  readonly ending: string;
}

/** Runs the binary once, to its end. */
export async function runBinary(call: Call): Promise<CallResult> {
  rmSync(call.folder, { recursive: true, force: true });
  mkdirSync(call.folder, { recursive: true });
  const ending = await runToEnd(call, argumentsFor(call.binary, { ...call, reports: call.folder }));
  const reports = readdirSync(call.folder).filter((name) => /^junit.*\.xml$/.test(name));
  if (reports.length === 0) return { tests: undefined, ending };
  return { tests: reports.flatMap((name) => parseReport(readFileSync(join(call.folder, name), 'utf8'))), ending };
}

async function runToEnd(call: Call, args: readonly string[]): Promise<string> {
  const log = createWriteStream(join(call.folder, 'output.log'));
  const child = spawn(call.binary.path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: call.signal,
    timeout: call.timeoutMs,
    killSignal: 'SIGINT',
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ending = await new Promise<string>((resolve) => {
    // An abort is an error as well; the binary then still has its report to write.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.on('close', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  log.end();
  await finished(log);
  return ending;
}

/** The last lines of a call's output, for an error message. */
export function lastLines(folder: string, count: number): string {
  const path = join(folder, 'output.log');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n') : '';
}
