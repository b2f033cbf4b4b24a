import { closeSync, openSync, rmSync } from 'node:fs';
import type { Clock } from '@kubelab/component/clock';
import { CliError, codeOf } from '../errors.js';

const waitMs = 5000;

/** Runs `work` while holding kubectl's own lock on a kubeconfig: the file `<path>.lock`, which must not exist before. */
export async function withLock<T>(path: string, clock: Clock, work: () => T): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = clock.now() + waitMs;
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx'));
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (clock.now() > deadline) {
        throw new CliError(`${path} is locked by another program.`, {
          hint: `If none is running, remove ${lock} and run the command again.`,
          cause: error,
        });
      }
      await clock.sleep(100);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}
