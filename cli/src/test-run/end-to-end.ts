import { systemClock } from '@kubelab/component/clock';
import { downRecipe } from '../down.js';
import { ensureEngine } from '../engine/start.js';
import { freePort } from '../lab/free-port.js';
import type { Lab } from '../lab/lab.js';
import type { LabSettings, Runtime } from '../lab/settings.js';
import { collectLogs } from '../logs/collect.js';
import { runSteps } from '../progress/steps.js';
import { up } from '../up/up.js';
import { clientEnvironment } from './client-programs.js';
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

/** What is run on one lab. */
export interface EndToEndPass {
  /** Of the lab's nodes. */
  runtime: Runtime;
  /** Of the test files, those that match one of these; empty: all. */
  files: readonly string[];
}

/** What depends most on the runtime, or is of one runtime alone. */
const runtimeFiles = [
  'images',
  'javascript-client',
  'network',
  'pod-range',
  'private-registry',
  'streaming',
  'workloads',
].map((name) => `e2e/${name}`);

/** All on the runtime that was asked for; unasked, all on Docker and some of them once more on containerd. */
export function endToEndPasses(runtime: Runtime | undefined): readonly EndToEndPass[] {
  if (runtime !== undefined) return [{ runtime, files: [] }];
  return [
    { runtime: 'docker', files: [] },
    { runtime: 'containerd', files: runtimeFiles },
  ];
}

/** Drives a fresh lab of its own, and takes it down again whatever happens. Gives the test files that passed on their second try only. */
export async function runEndToEnd(options: EndToEndOptions, { runtime, files }: EndToEndPass): Promise<string[]> {
  const { lab, write } = options;
  write(`--- e2e on ${runtime}`);
  await takeDown(options);
  try {
    await up({
      ...options,
      asked: { ...endToEndSettings, runtime, apiPort: await freePort(preferredApiPort) },
    });
    const oldKubectl = await ensureOldKubectl(lab.cache, write);
    const env = {
      KUBELAB_PROJECT: lab.project,
      KUBECONFIG: lab.kubeconfig,
      KUBELAB_RUNTIME: runtime,
      ...(await clientEnvironment(lab.cache, write)),
      ...(oldKubectl === undefined ? {} : { KUBELAB_OLD_KUBECTL: oldKubectl }),
    };
    return await runPart('e2e', lab.root, { env, files });
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
