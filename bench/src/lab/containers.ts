/** The lab's containers, as the docker command knows them. */

import { run } from './run.js';

export interface NodeContainer {
  id: string;
  /** `node-1`: its name in the cluster. */
  node: string;
}

/** The running nodes of a project, in the order of their numbers. */
export async function runningNodes(project: string): Promise<NodeContainer[]> {
  const format = '{{.Label "com.docker.compose.container-number"}} {{.ID}}';
  const filters = [`label=com.docker.compose.project=${project}`, 'label=com.docker.compose.service=node'];
  const output = await run('docker', ['ps', ...filters.flatMap((filter) => ['--filter', filter]), '--format', format]);
  const containers = output
    .split('\n')
    .map((line) => line.split(' '))
    .sort(([a], [b]) => Number(a) - Number(b))
    .flatMap(([, id]) => (id ? [id] : []));
  return Promise.all(containers.map(async (id) => ({ id, node: await nameOf(id) })));
}

/** A node may have any name; it knows its own. */
async function nameOf(id: string): Promise<string> {
  return (await run('docker', ['exec', id, 'cat', '/run/kubelab/node-name'])).trim();
}

/** Compose projects other than this one that have nodes running: their load would be in the figures. */
export async function otherLabs(project: string): Promise<string[]> {
  const filter = 'label=com.docker.compose.service=node';
  const output = await run('docker', ['ps', '--filter', filter, '--format', '{{.Label "com.docker.compose.project"}}']);
  return [...new Set(output.split('\n'))].filter((name) => name !== '' && name !== project).sort();
}
