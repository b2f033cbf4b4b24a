/** The bare cost of pods: what the nodes' engines alone need for the same containers. */

import type { NodeContainer } from '../lab/containers.js';
import { bundle, runInContainer } from '../lab/node-program.js';
import type { PodShape } from '../pods/pod-shape.js';
import { type BareAnswer, type BareRequest, parallelStarts } from './bare-request.js';

/** Time for the measuring programs to load in all nodes. */
const leadMs = 3000;
const program = 'bench/src/pod-start/bare-main.ts';

export class BareEngines {
  constructor(
    private readonly nodes: readonly NodeContainer[],
    private readonly shape: PodShape,
    private readonly signal: AbortSignal,
  ) {}

  /** One pod after the other, through the first node's engine. */
  oneByOne(pods: number): Promise<BareAnswer> {
    return this.measure(this.nodes.slice(0, 1), pods, 1);
  }

  /** All at once, spread over all nodes as the scheduler would. */
  atOnce(pods: number): Promise<BareAnswer> {
    return this.measure(this.nodes, pods, parallelStarts);
  }

  private async measure(nodes: readonly NodeContainer[], pods: number, parallel: number): Promise<BareAnswer> {
    await bundle(program);
    const startAt = Date.now() + leadMs;
    const { image, command } = this.shape;
    const answers = await Promise.all(
      nodes.map(({ id }, index) => {
        const share = Math.floor((pods + index) / nodes.length);
        const request: BareRequest = { prefix: `bench-${startAt}`, pods: share, parallel, startAt, image, command };
        return runInContainer<BareAnswer>(id, program, request, this.signal);
      }),
    );
    return {
      starts: answers.flatMap(({ starts }) => starts),
      deletionMs: answers.flatMap(({ deletionMs }) => deletionMs),
    };
  }
}
