/** The kubectl of this machine as a test's client; `KUBELAB_KUBECTL` may name another one. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KubectlRun {
  code: number;
  out: string;
  err: string;
}

export interface Kubectl {
  /** Never rejects: a failure is an exit code. */
  (...args: string[]): Promise<KubectlRun>;
  /** Writes a file and returns its path. Text goes in as it is, anything else as JSON. */
  file(name: string, content: unknown): string;
  /** Runs with these variables as well, KUBE_EDITOR for one. */
  with(env: Readonly<Record<string, string>>, ...args: string[]): Promise<KubectlRun>;
  close(): void;
}

export function createKubectl(kubeconfig: string): Kubectl {
  const home = mkdtempSync(join(tmpdir(), 'kubelab-kubectl-'));
  const base = { PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: kubeconfig };
  const run = (extra: Readonly<Record<string, string>>, args: string[]): Promise<KubectlRun> =>
    new Promise((resolve) => {
      const options = { env: { ...base, ...extra }, timeout: 60_000 };
      execFile(process.env['KUBELAB_KUBECTL'] ?? 'kubectl', args, options, (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err });
      });
    });
  const file = (name: string, content: unknown): string => {
    const path = join(home, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
    return path;
  };
  return Object.assign((...args: string[]) => run({}, args), {
    file,
    with: (env: Readonly<Record<string, string>>, ...args: string[]) => run(env, args),
    close: () => rmSync(home, { recursive: true, force: true }),
  });
}
