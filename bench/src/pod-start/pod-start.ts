/** How long pods take from their creation until they are Ready and from their deletion until they are gone, beside what the engine alone needs. */

import { existsSync } from 'node:fs';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import { systemClock } from '@kubelab/component/clock';
import { runningNodes } from '../lab/containers.js';
import { BenchError } from '../lab/run.js';
import { MeasuredPods } from '../pods/measured-pods.js';
import { type PodShape, waitingCommand } from '../pods/pod-shape.js';
import type { PodTimes } from '../pods/pod-times.js';
import { labCpuBetween, UsageReader } from '../usage/usage-reader.js';
import { BareEngines } from './bare.js';
import type { BareSample } from './bare-request.js';
import { reportPodStart } from './report.js';

/** Last status writes and events of the pods that started are not part of their deletion. */
const settleMs = 2000;

export interface PodStartOptions {
  kubeconfig: string;
  /** Whose node containers run the comparison. */
  project: string;
  runs: number;
  oneByOne: number;
  atOnce: number;
  image: string;
  signal: AbortSignal;
  write: (line: string) => void;
}

/** Samples of all runs. `bare` is missing for a cluster whose engines cannot be reached. */
export interface PodStartSamples {
  nodes: number;
  oneByOne: { pods: PodTimes[]; bare: BareSample[] };
  atOnce: { pods: PodTimes[]; bare: BareSample[] };
  /** Of those that started at once. */
  deletion: { pods: number[]; bare: number[] };
  /** CPU milliseconds by program, over all runs: what the pods at once cost. Empty without nodes that can be reached. */
  cpu: { start: CpuByProgram; deletion: CpuByProgram };
}

export type CpuByProgram = Record<string, number>;

export async function runPodStart(options: PodStartOptions): Promise<void> {
  const { kubeconfig, write, signal } = options;
  if (!existsSync(kubeconfig)) {
    throw new BenchError(`There is no kubeconfig ${kubeconfig}. Bring a cluster up with \`./kubelab up\`.`);
  }
  const shape: PodShape = { image: options.image, command: waitingCommand };
  const client = createClient({ ...loadKubeconfig(kubeconfig), userAgent: 'kubelab-bench' });
  const pods = new MeasuredPods({ client, shape, signal });
  try {
    write('A first pod on every node, so that its image is there ...');
    const names = await pods.prepare();
    const engines = (await runningNodes(options.project)).filter(({ node }) => names.includes(node));
    const bare = engines.length > 0 ? new BareEngines(engines, shape, signal) : undefined;
    if (!bare) write(`Project ${options.project} has no running node: no comparison with the bare engine.`);
    const usage = bare ? await UsageReader.of(options.project, signal) : undefined;
    reportPodStart(await measure({ pods, bare, usage, nodes: names.length }, options), options);
  } finally {
    await pods.close();
    client.close();
  }
}

interface Measuring {
  pods: MeasuredPods;
  bare: BareEngines | undefined;
  usage: UsageReader | undefined;
  nodes: number;
}

/** The comparison and the pods take turns, so that both see the same machine. */
async function measure(parts: Measuring, { runs, oneByOne, atOnce, write }: PodStartOptions): Promise<PodStartSamples> {
  const { pods, bare } = parts;
  const samples: PodStartSamples = {
    nodes: parts.nodes,
    oneByOne: { pods: [], bare: [] },
    atOnce: { pods: [], bare: [] },
    deletion: { pods: [], bare: [] },
    cpu: { start: {}, deletion: {} },
  };
  for (let run = 1; run <= runs; run++) {
    write(`run ${run} of ${runs}: ${oneByOne} one after the other ...`);
    if (bare) samples.oneByOne.bare.push(...(await bare.oneByOne(oneByOne)).starts);
    samples.oneByOne.pods.push(...(await pods.oneByOne(oneByOne)));
    await pods.clear();
    write(`run ${run} of ${runs}: ${atOnce} at once ...`);
    await measureAtOnce(parts, atOnce, samples);
  }
  return samples;
}

async function measureAtOnce(
  { pods, bare, usage }: Measuring,
  count: number,
  { atOnce, deletion, cpu }: PodStartSamples,
): Promise<void> {
  if (bare) {
    const { starts, deletionMs } = await bare.atOnce(count);
    atOnce.bare.push(...starts);
    deletion.bare.push(...deletionMs);
  }
  atOnce.pods.push(...(await counted(usage, cpu.start, () => pods.atOnce(count))));
  await systemClock.sleep(settleMs);
  deletion.pods.push(...(await counted(usage, cpu.deletion, () => pods.clear())));
}

/** Adds to `cpu` what the lab's programs used meanwhile. */
async function counted<T>(usage: UsageReader | undefined, cpu: CpuByProgram, work: () => Promise<T>): Promise<T> {
  if (!usage) return work();
  const before = await usage.read();
  const result = await work();
  for (const [name, ms] of labCpuBetween(before, await usage.read())) cpu[name] = (cpu[name] ?? 0) + ms;
  return result;
}
