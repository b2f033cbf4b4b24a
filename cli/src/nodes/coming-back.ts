/** A machine that is stopped only to be made anew keeps its pods; it finds out by a file (deploy/node/entrypoint.sh), which is true for a while. */

import type { LabContainer } from '../lab/containers.js';
import { tryRun } from '../process/run.js';

const file = '/run/kubelab/coming-back';

export function markComingBack(nodes: readonly LabContainer[]): Promise<void> {
  return inRunning(nodes, ['touch', file]);
}

export function unmarkComingBack(nodes: readonly LabContainer[]): Promise<void> {
  return inRunning(nodes, ['rm', '-f', file]);
}

/** A node that cannot be told, because it is just going, will not be asked either. */
async function inRunning(nodes: readonly LabContainer[], command: readonly string[]): Promise<void> {
  const running = nodes.filter(({ state }) => state === 'running');
  await Promise.all(running.map(({ id }) => tryRun('docker', ['exec', id, ...command])));
}
