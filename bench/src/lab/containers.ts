/** The lab's containers, as the docker command knows them. */

import { run } from './run.js';

export interface NodeContainer {
  id: string;
  /** `node-1`: its name in the cluster. */
  node: string;
}

export interface LabContainer {
  id: string;
  /** `node-1`, `apiserver`: the service, and for nodes which of them. */
  name: string;
  /** As in the compose file. */
  service: string;
  number: number;
}

/** The running containers of a project, by service and number. */
export async function runningContainers(project: string): Promise<LabContainer[]> {
  const labels = ['service', 'container-number'].map((name) => `{{.Label "com.docker.compose.${name}"}}`);
  const filter = `label=com.docker.compose.project=${project}`;
  const output = await run('docker', ['ps', '--filter', filter, '--format', `${labels.join(' ')} {{.ID}}`]);
  return output
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([service, number, id]) => {
      if (!service || !number || !id) return [];
      return [{ id, service, number: Number(number), name: service === 'node' ? `node-${number}` : service }];
    })
    .sort((a, b) => (a.service === b.service ? a.number - b.number : a.service < b.service ? -1 : 1));
}

/** The running nodes of a project, in the order of their numbers. */
export async function runningNodes(project: string): Promise<NodeContainer[]> {
  const containers = (await runningContainers(project)).filter(({ service }) => service === 'node');
  return Promise.all(containers.map(async ({ id }) => ({ id, node: await nameOf(id) })));
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
