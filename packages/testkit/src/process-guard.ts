import { type ChildProcess, spawn } from 'node:child_process';

/** Ends what a test has started when the test's own process is killed and can end nothing any more. */
export interface ProcessGuard {
  /** This process is killed with ours; no longer once it has ended. */
  watch(child: ChildProcess): void;
  /** Everything was ended in order: the folder alone is removed, if it is still there. Resolves when the guard is gone. */
  release(): Promise<void>;
}

/**
 * The shell hears of our end, however sudden, because the kernel closes our side of its input. The last line it got holds the processes that ran then.
 * In a process group of its own, it outlives a Ctrl-C that ends us.
 */
const script = 'while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -KILL $pids; rm -rf -- "$1"';

/** `folder` is removed when the processes are gone. */
export function guardProcesses(folder: string): ProcessGuard {
  const shell = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const gone = new Promise<void>((resolve, reject) => {
    shell.once('exit', () => resolve());
    shell.once('error', reject);
  });
  // Somebody may have killed it: then there is nobody to tell, and nothing to be done about it.
  shell.stdin.on('error', () => undefined);
  const running = new Set<number>();
  const tell = (): void => void shell.stdin.write(`${[...running].join(' ')}\n`);
  return {
    watch(child) {
      const { pid } = child;
      if (pid === undefined) return;
      running.add(pid);
      tell();
      child.once('exit', () => {
        running.delete(pid);
        if (!shell.stdin.writableEnded) tell();
      });
    },
    release() {
      shell.stdin.end();
      return gone;
    },
  };
}
