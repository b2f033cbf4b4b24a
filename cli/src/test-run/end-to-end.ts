import { systemClock } from '@kubelab/component/clock';
import { downRecipe } from '../down.js';
import { ensureEngine } from '../engine/start.js';
import { freePort } from '../lab/free-port.js';
import type { Lab } from '../lab/lab.js';
import type { LabSettings } from '../lab/settings.js';
import { collectLogs } from '../logs/collect.js';
import { runSteps } from '../progress/steps.js';
import { up } from '../up/up.js';
import { ensureOldKubectl } from './old-kubectl.js';
import { runPart } from './parts.js';

const preferredApiPort = 16_443;

/** Ports do not collide with those of `up`; failures happen fast, so that tests need not wait for them. */
export const endToEndSettings: Partial<LabSettings> = {
  nodes: 3,
  failureClock: 'fast',
  registryPort: 0,
  etcdMetricsPort: 0,
  schedulerPort: 0,
  controllerManagerPort: 0,
  mergeKubeconfig: false,
};

export interface EndToEndOptions {
  lab: Lab;
  write: (line: string) => void;
  live: boolean;
  /** Leaves the lab running, to look around after a failure. */
  keep: boolean;
}

/** Drives a fresh lab of its own, and takes it down again whatever happens. */
export async function runEndToEnd(options: EndToEndOptions): Promise<void> {
  const { lab, write } = options;
  await takeDown(options);
  try {
    await up({ ...options, asked: { ...endToEndSettings, apiPort: await freePort(preferredApiPort) } });
    const oldKubectl = await ensureOldKubectl(lab.cache, write);
    await runPart('e2e', lab.root, {
      KUBELAB_PROJECT: lab.project,
      KUBECONFIG: lab.kubeconfig,
      ...(oldKubectl === undefined ? {} : { KUBELAB_OLD_KUBECTL: oldKubectl }),
    });
  } catch (error) {
    const { docker } = await ensureEngine({ clock: systemClock, report: write });
    write(`The logs of all parts are in ${await collectLogs(docker, lab)}.`);
    throw error;
  } finally {
    if (!options.keep) await takeDown(options);
  }
}

async function takeDown({ lab, write, live }: EndToEndOptions): Promise<void> {
  await runSteps(downRecipe, { lab, keepImages: true, keepLogs: true }, { clock: systemClock, live, write });
}
