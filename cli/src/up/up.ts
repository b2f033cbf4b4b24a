import { existsSync } from 'node:fs';
import { systemClock } from '@kubelab/component/clock';
import { CliError, messageOf, UsageError } from '../errors.js';
import { listContainers } from '../lab/containers.js';
import { freePort } from '../lab/free-port.js';
import { defaultProject, type Lab, recordOf, saveRecord } from '../lab/lab.js';
import { type LabSettings, mergeFacts, readRecord, validateSettings } from '../lab/settings.js';
import { collectLogs } from '../logs/collect.js';
import { runSteps, type StepTiming } from '../progress/steps.js';
import { waitTimeoutMs } from '../wait/wait-timeout.js';
import type { UpContext } from './context.js';
import { upRecipe } from './recipe.js';

export interface UpOptions {
  lab: Lab;
  /** What this `up` asks for; the rest stays as it was. */
  asked: Partial<LabSettings>;
  /** For each wait. */
  timeoutMs?: number;
  write: (line: string) => void;
  live: boolean;
}

export interface UpResult {
  /** In words; empty: the cluster ran already as asked. */
  changes: readonly string[];
  timings: readonly StepTiming[];
  settings: LabSettings;
}

/** Brings the cluster up, or to what is asked, or back after a reboot. On failure the logs of all parts are collected. */
export async function up({ lab, asked, timeoutMs = waitTimeoutMs(), write, live }: UpOptions): Promise<UpResult> {
  const record = recordOf(lab);
  const settings = { ...record.settings, ...(await portFor(lab, record.settings)), ...asked };
  const problems = validateSettings(settings);
  if (problems.length > 0) throw new UsageError(`${problems.join('; ')}.`);
  refuseOtherRuntime(lab, asked);
  const { applied, ...kept } = record;
  const context: UpContext = {
    lab,
    settings,
    clock: systemClock,
    timeoutMs,
    applied,
    remember: (facts) => saveRecord(lab, mergeFacts(recordOf(lab), facts)),
    changes: [],
    found: {},
  };
  saveRecord(lab, { ...kept, settings });
  try {
    const timings = await runSteps(upRecipe, context, { clock: systemClock, live, write });
    const { fingerprint } = context.found;
    saveRecord(lab, { ...recordOf(lab), ...(fingerprint === undefined ? {} : { applied: fingerprint }) });
    return { changes: context.changes, timings, settings };
  } catch (error) {
    await keepLogs(context, write);
    throw error;
  } finally {
    context.found.client?.close();
  }
}

/** A cluster beside the default one begins with any free port, and keeps it. */
async function portFor(lab: Lab, { apiPort }: LabSettings): Promise<Partial<LabSettings>> {
  return lab.project === defaultProject || existsSync(lab.recordFile) ? {} : { apiPort: await freePort(apiPort) };
}

/** Nodes keep the pods and images of their runtime on their disks: what another one would find there is nothing. */
export function refuseOtherRuntime(lab: Lab, { runtime }: Partial<LabSettings>): void {
  const existing = readRecord(lab.recordFile)?.settings.runtime;
  if (runtime === undefined || existing === undefined || existing === runtime) return;
  throw new CliError(
    `The nodes of ${lab.project} run ${existing}; the runtime of an existing cluster cannot be changed.`,
    {
      hint: `Remove it with \`./kubelab down\` first, or bring up another one: \`./kubelab -p NAME up --runtime=${runtime}\`.`,
    },
  );
}

async function keepLogs({ found, lab }: UpContext, write: (line: string) => void): Promise<void> {
  if (!found.docker) return;
  try {
    if ((await listContainers(found.docker, lab)).length === 0) return;
    write(`The logs of all parts are in ${await collectLogs(found.docker, lab)}.`);
  } catch (error) {
    write(`The logs could not be collected: ${messageOf(error)}`);
  }
}
