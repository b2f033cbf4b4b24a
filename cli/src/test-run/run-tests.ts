import { systemClock } from '@kubelab/component/clock';
import { ensureEngine } from '../engine/start.js';
import { engineNeeds, ensureInstalled, labNeeds, offlineNeeds, testNeeds } from '../host/packages.js';
import { ensureDebianImage } from '../images/base-image.js';
import type { Lab } from '../lab/lab.js';
import type { Runtime } from '../lab/settings.js';
import { clientEnvironment } from './client-programs.js';
import { endToEndPasses, runEndToEnd } from './end-to-end.js';
import { runPart, type TestPart } from './parts.js';

export interface RunTestsOptions {
  /** The end-to-end tests' own lab: it can run beside the one that somebody works with. */
  lab: Lab;
  parts: readonly TestPart[];
  write: (line: string) => void;
  live: boolean;
  keep: boolean;
  /** Of the end-to-end tests' nodes; undefined: see endToEndPasses. */
  runtime: Runtime | undefined;
  /** Debian's release on the fresh machine. */
  debian: string;
}

/** Installs what the parts need and runs them in order; the first failure ends it. */
export async function runTests(options: RunTestsOptions): Promise<void> {
  const { parts, write } = options;
  if (parts.some((part) => part === 'integration' || part === 'e2e' || part === 'machine')) await prepareMachine(write);
  const unstable: string[] = [];
  for (const part of parts) {
    const start = systemClock.now();
    write(`--- ${part}`);
    unstable.push(...(await runOne(part, options)));
    write(`--- ${part}: passed in ${Math.round((systemClock.now() - start) / 1000)} s`);
  }
  if (unstable.length > 0) write(`--- unstable: passed on the second try only: ${unstable.join(', ')}`);
}

/** Gives the test files that passed on their second try only. */
async function runOne(part: TestPart, { lab, write, live, keep, runtime, debian }: RunTestsOptions): Promise<string[]> {
  if (part === 'e2e') {
    const unstable: string[] = [];
    for (const pass of endToEndPasses(runtime)) unstable.push(...(await runEndToEnd({ lab, write, live, keep }, pass)));
    return unstable;
  }
  if (part === 'machine')
    return runPart(part, lab.root, { env: { KUBELAB_MACHINE_IMAGE: await machineImage(lab, debian, write) } });
  if (part === 'integration') return runPart(part, lab.root, { env: await clientEnvironment(lab.cache, write) });
  return runPart(part, lab.root);
}

async function machineImage({ owner, cache }: Lab, debian: string, report: (state: string) => void): Promise<string> {
  const { docker } = await ensureEngine({ clock: systemClock, report });
  return ensureDebianImage({ docker, owner, cache, report }, debian);
}

async function prepareMachine(write: (line: string) => void): Promise<void> {
  await ensureInstalled([...labNeeds, ...engineNeeds, ...offlineNeeds, ...testNeeds], write);
  await ensureEngine({ clock: systemClock, report: write });
}
