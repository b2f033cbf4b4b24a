/** The bare cost of pods: what the nodes' engines alone need for the same containers. */

import { join } from 'node:path';
import { build } from 'esbuild';
import { checkout } from '../lab/checkout.js';
import type { NodeContainer } from '../lab/containers.js';
import { run } from '../lab/run.js';
import { type BareRequest, type BareSample, parallelStarts } from './bare-request.js';
import type { PodShape } from './pod-shape.js';

/** Time for the measuring programs to load in all nodes. */
const leadMs = 3000;

export class BareEngines {
  #program: string | undefined;

  constructor(
    private readonly nodes: readonly NodeContainer[],
    private readonly shape: PodShape,
    private readonly signal: AbortSignal,
  ) {}

  /** One pod after the other, through the first node's engine. */
  oneByOne(pods: number): Promise<BareSample[]> {
    return this.measure(this.nodes.slice(0, 1), pods, 1);
  }

  /** All at once, spread over all nodes as the scheduler would. */
  atOnce(pods: number): Promise<BareSample[]> {
    return this.measure(this.nodes, pods, parallelStarts);
  }

  private async measure(nodes: readonly NodeContainer[], pods: number, parallel: number): Promise<BareSample[]> {
    const program = await this.program();
    const startAt = Date.now() + leadMs;
    const { image, command } = this.shape;
    const answers = await Promise.all(
      nodes.map(({ id }, index) => {
        const share = Math.floor((pods + index) / nodes.length);
        const request: BareRequest = { prefix: `bench-${startAt}`, pods: share, parallel, startAt, image, command };
        const options = { input: program, signal: this.signal };
        return run('docker', ['exec', '-i', id, 'node', '-', JSON.stringify(request)], options);
      }),
    );
    return answers.flatMap((answer) => JSON.parse(answer) as BareSample[]);
  }

  /** One file that the node's Node reads from its standard input. */
  private async program(): Promise<string> {
    this.#program ??= await bundle();
    return this.#program;
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: checkout,
    entryPoints: ['bench/src/pod-start/bare-main.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // dockerode reaches engines over ssh with ssh2, whose native parts a unix socket does not need.
    alias: { ssh2: join(checkout, 'scripts/empty.cjs') },
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
