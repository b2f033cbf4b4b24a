/** What every program does around its own work: parse flags, log, stop on signals, end with the right exit code. */

import { setMaxListeners } from 'node:events';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Clock, systemClock } from './clock.js';
import { type Flags, type FlagValues, HelpRequested, intFlag, parseFlags, UsageError } from './flags.js';
import { createLogger, type Logger, levelOfVerbosity } from './logger.js';

/** The configuration cannot work; `problems` are sentences for the user, all of them at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}

export interface ServiceContext {
  logger: Logger;
  /** Has the process metrics; the service adds its own. */
  registry: Registry;
  clock: Clock;
  /** Aborts on SIGTERM and SIGINT: stop taking work, finish what runs, resolve `run`. */
  signal: AbortSignal;
}

export interface ServiceDefinition<F extends Flags> {
  /** Upstream's program name: `kube-scheduler`. */
  name: string;
  description: string;
  flags: F;
  /** All problems with the values, as sentences. */
  validate?(values: FlagValues<F>): string[];
  /** Resolves when the service has stopped. */
  run(values: FlagValues<F>, context: ServiceContext): Promise<void>;
  /** A stop that takes longer than this is cut short (milliseconds). */
  shutdownGraceMs?: number | ((values: FlagValues<F>) => number);
}

const verbosityFlag = { v: intFlag('number for the log level verbosity', 0) };

/** Runs a service until it ends; resolves with the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function runService<F extends Flags>(
  service: ServiceDefinition<F>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<number> {
  try {
    const values = parseFlags({ ...service, flags: { ...verbosityFlag, ...service.flags } }, argv) as FlagValues<F> & {
      v: number;
    };
    const problems = service.validate?.(values) ?? [];
    if (problems.length > 0) throw new ConfigError(problems);
    await runWithSignals(service, values, createLogger({ component: service.name, level: levelOfVerbosity(values.v) }));
    return 0;
  } catch (error) {
    return report(service.name, error);
  }
}

function report(name: string, error: unknown): number {
  if (error instanceof HelpRequested) {
    process.stdout.write(error.text);
    return 0;
  }
  if (error instanceof UsageError) {
    process.stderr.write(`${name}: ${error.message} (see ${name} --help)\n`);
    return 2;
  }
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${name}: ${text}\n`);
  return 1;
}

async function runWithSignals<F extends Flags>(
  service: ServiceDefinition<F>,
  values: FlagValues<F>,
  logger: Logger,
): Promise<void> {
  const stop = new AbortController();
  // Every informer and every wait listens to it; their number is no leak.
  setMaxListeners(0, stop.signal);
  const { shutdownGraceMs = 10_000 } = service;
  const graceMs = typeof shutdownGraceMs === 'function' ? shutdownGraceMs(values) : shutdownGraceMs;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let grace: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) return;
    logger.info('Stopping', { signal: name });
    stop.abort(new Error(`received ${name}`));
    grace = setTimeout(() => {
      logger.error('Stopping took too long, exiting now');
      process.exit(1);
    }, graceMs);
  };
  // One stray error must not take a node's pods or the API down with it; it is a bug all the same, so it is logged as one.
  const onRejection = (error: unknown): void => logger.error('Unhandled rejection', { error });
  const onException = (error: Error): void => {
    logger.error('Uncaught exception', { error });
    if (isFatal(error)) process.exit(1);
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  process.on('unhandledRejection', onRejection).on('uncaughtException', onException);
  try {
    await service.run(values, { logger, registry, clock: systemClock, signal: stop.signal });
  } finally {
    clearTimeout(grace);
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    process.off('unhandledRejection', onRejection).off('uncaughtException', onException);
  }
}

function isFatal(error: Error & { code?: string }): boolean {
  return error.code === 'EADDRINUSE' || error.code === 'EACCES' || error instanceof RangeError;
}
