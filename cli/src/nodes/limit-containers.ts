/** Gives nodes' containers their sizes. */

import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import type { LabContainer } from '../lab/containers.js';
import { type Lab, recordOf } from '../lab/lab.js';
import { engineLimits, limitProblems, limitsFile, type NodeLimits } from './limits.js';
import { tarOfFile } from './tar-of-file.js';

/** Throws CliError when the engine's machine is too small for such a node, or the node for its own programs. */
export async function requirePossible(docker: Docker, limits: NodeLimits): Promise<void> {
  const { NCPU, MemTotal } = (await docker.info()) as { NCPU: number; MemTotal: number };
  const [problem] = limitProblems(limits, { cpus: NCPU, memory: MemTotal });
  if (problem !== undefined) throw new CliError(`${problem}.`, { hint: 'Choose another size.' });
}

/** Before they start for the first time. Gives what the record has to remember. */
export async function limitContainers(
  docker: Docker,
  containers: readonly LabContainer[],
  limits: NodeLimits,
): Promise<Record<string, NodeLimits>> {
  if (Object.keys(limits).length === 0) return {};
  const limited: Record<string, NodeLimits> = {};
  for (const { id, name } of containers) {
    await docker.getContainer(id).update(engineLimits(limits));
    await writeLimits(docker, id, limits);
    limited[name] = limits;
  }
  return limited;
}

async function writeLimits(docker: Docker, id: string, limits: NodeLimits): Promise<void> {
  const archive = await tarOfFile('node-limits', limitsFile(limits));
  await docker.getContainer(id).putArchive(archive, { path: '/var/lib/kubelet' });
}

/** Compose makes containers with the common size: those that have one of their own get it again. */
export async function restoreLimits(docker: Docker, containers: readonly LabContainer[], lab: Lab): Promise<void> {
  const { nodeLimits = {} } = recordOf(lab);
  for (const { id, name, state } of containers) {
    const limits = nodeLimits[name];
    if (limits === undefined) continue;
    if (state === 'created') await writeLimits(docker, id, limits);
    const wanted = engineLimits(limits);
    const { HostConfig: has } = await docker.getContainer(id).inspect();
    const same = has.NanoCpus === (wanted.NanoCpus ?? has.NanoCpus) && has.Memory === (wanted.Memory ?? has.Memory);
    if (!same) await docker.getContainer(id).update(wanted);
  }
}
