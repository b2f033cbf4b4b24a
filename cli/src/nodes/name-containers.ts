import type Docker from 'dockerode';
import type { LabContainer } from '../lab/containers.js';
import { type Lab, recordOf } from '../lab/lab.js';
import { tarOfFile } from './tar-of-file.js';

/** Puts a name where a new machine looks for its own, and gives what the record has to remember. */
export async function nameContainers(
  docker: Docker,
  containers: readonly LabContainer[],
  names: readonly string[],
): Promise<Record<string, string>> {
  const named: Record<string, string> = {};
  for (const [index, { id, name: container }] of containers.entries()) {
    const name = names[index];
    if (name === undefined) continue;
    const archive = await tarOfFile('node-name', `${name}\n`);
    await docker.getContainer(id).putArchive(archive, { path: '/var/lib/kubelet' });
    named[container] = name;
  }
  return named;
}

/** A container that was made anew without its old disks has forgotten what it was called. */
export async function restoreNames(docker: Docker, containers: readonly LabContainer[], lab: Lab): Promise<void> {
  const { nodeNames = {} } = recordOf(lab);
  const named = containers.filter(({ name, state }) => state === 'created' && nodeNames[name] !== undefined);
  await nameContainers(
    docker,
    named,
    named.map(({ node }) => node),
  );
}
