import { systemClock } from '@kubelab/component/clock';
import { ensureEngine } from '../engine/start.js';
import { engineNeeds, ensureInstalled, labNeeds, offlineNeeds, testNeeds } from '../host/packages.js';
import { ensureBaseImages } from '../images/base-image.js';
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
}

/** Installs what the parts need and runs them in order; the first failure ends it. */
export async function runTests({ lab, parts, write, live, keep, runtime }: RunTestsOptions): Promise<void> {
  if (parts.some((part) => part === 'integration' || part === 'e2e' || part === 'machine')) await prepareMachine(write);
  for (const part of parts) {
    const start = systemClock.now();
    write(`--- ${part}`);
    if (part === 'e2e') {
      for (const pass of endToEndPasses(runtime)) await runEndToEnd({ lab, write, live, keep }, pass);
    } else if (part === 'machine') {
      await runPart(part, lab.root, { env: { KUBELAB_MACHINE_IMAGE: await baseImage(lab, write) } });
    } else if (part === 'integration') {
      await runPart(part, lab.root, { env: await clientEnvironment(lab.cache, write) });
    } else await runPart(part, lab.root);
    write(`--- ${part}: passed in ${Math.round((systemClock.now() - start) / 1000)} s`);
  }
}

async function baseImage({ owner, cache }: Lab, report: (state: string) => void): Promise<string> {
  const { docker } = await ensureEngine({ clock: systemClock, report });
  return (await ensureBaseImages({ docker, owner, cache, report })).base;
}

async function prepareMachine(write: (line: string) => void): Promise<void> {
  await ensureInstalled([...labNeeds, ...engineNeeds, ...offlineNeeds, ...testNeeds], write);
  await ensureEngine({ clock: systemClock, report: write });
}
