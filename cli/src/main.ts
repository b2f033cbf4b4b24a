import { ArchiveError } from '@kubelab/deploy/image-archive/docker-archive';
import { TarError } from '@kubelab/deploy/image-archive/tar-index';
import { ImageNameError } from '@kubelab/deploy/registry-client/image-name';
import { CommanderError } from 'commander';
import { CliError, messageOf, UsageError } from './errors.js';
import { createProgram } from './program.js';

/** 0, 1 for a failure, 2 for wrong usage. */
async function main(): Promise<number> {
  const write = (line: string): void => console.log(line);
  try {
    // A terminal that does not tell its width (0 columns) cannot show a list that is drawn over.
    const live = process.stdout.isTTY === true && process.stdout.columns > 0 && !process.env['CI'];
    await createProgram({ write, live }).parseAsync();
    return 0;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  // commander has written its own message by now; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(`kubelab: ${messageOf(error)}`);
  if (error instanceof CliError) {
    for (const line of error.details) console.error(`  | ${line}`);
    if (error.hint !== undefined) console.error(error.hint);
  } else if (!isPlain(error) && error instanceof Error) {
    console.error(error.stack);
  }
  return error instanceof UsageError || error instanceof ImageNameError ? 2 : 1;
}

/** Errors whose message says it all. */
function isPlain(error: unknown): boolean {
  return [ArchiveError, TarError, ImageNameError].some((type) => error instanceof type);
}

process.exitCode = await main();
