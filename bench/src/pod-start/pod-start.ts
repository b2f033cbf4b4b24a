/** How long a pod takes from its creation until it is Ready, beside what the engine alone needs for its containers. */

import { existsSync } from 'node:fs';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import { runningNodes } from '../lab/containers.js';
import { BenchError } from '../lab/run.js';
import { BareEngines } from './bare.js';
import type { BareSample } from './bare-request.js';
import type { PodShape } from './pod-shape.js';
import type { PodTimes } from './pod-times.js';
import { MeasuredPods } from './pods.js';
import { reportPodStart } from './report.js';

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
  atOnce: { pods: PodTimes[]; bare: BareSample[]; deletionMs: number[] };
}

export async function runPodStart(options: PodStartOptions): Promise<void> {
  const { kubeconfig, write, signal } = options;
  if (!existsSync(kubeconfig)) {
    throw new BenchError(`There is no kubeconfig ${kubeconfig}. Bring a cluster up with \`./kubelab up\`.`);
  }
  const shape: PodShape = { image: options.image, command: ['sleep', '3600'] };
  const client = createClient({ ...loadKubeconfig(kubeconfig), userAgent: 'kubelab-bench' });
  const pods = new MeasuredPods({ client, shape, signal });
  try {
    write('A first pod on every node, so that its image is there ...');
    const names = await pods.prepare();
    const engines = (await runningNodes(options.project)).filter(({ node }) => names.includes(node));
    const bare = engines.length > 0 ? new BareEngines(engines, shape, signal) : undefined;
    if (!bare) write(`Project ${options.project} has no running node: no comparison with the bare engine.`);
    reportPodStart(await measure(pods, bare, names.length, options), options);
  } finally {
    await pods.close();
    client.close();
  }
}

/** The comparison and the pods take turns, so that both see the same machine. */
async function measure(
  pods: MeasuredPods,
  bare: BareEngines | undefined,
  nodes: number,
  { runs, oneByOne, atOnce, write }: PodStartOptions,
): Promise<PodStartSamples> {
  const samples: PodStartSamples = {
    nodes,
    oneByOne: { pods: [], bare: [] },
    atOnce: { pods: [], bare: [], deletionMs: [] },
  };
  for (let run = 1; run <= runs; run++) {
    write(`run ${run} of ${runs}: ${oneByOne} one after the other ...`);
    if (bare) samples.oneByOne.bare.push(...(await bare.oneByOne(oneByOne)));
    samples.oneByOne.pods.push(...(await pods.oneByOne(oneByOne)));
    await pods.clear();
    write(`run ${run} of ${runs}: ${atOnce} at once ...`);
    if (bare) samples.atOnce.bare.push(...(await bare.atOnce(atOnce)));
    samples.atOnce.pods.push(...(await pods.atOnce(atOnce)));
    samples.atOnce.deletionMs.push(await pods.clear());
  }
  return samples;
}
