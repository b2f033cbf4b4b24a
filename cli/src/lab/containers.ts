import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { type Lab, recordOf } from './lab.js';

const projectLabel = 'com.docker.compose.project';
const serviceLabel = 'com.docker.compose.service';
const folderLabel = 'com.docker.compose.project.working_dir';
const numberLabel = 'com.docker.compose.container-number';

/** The services that run for as long as the lab does; `node` besides, as often as there are nodes. */
export const longRunningServices = ['etcd', 'apiserver', 'scheduler', 'controller-manager', 'registry'] as const;
export const oneShotServices = ['pki', 'seed', 'addons'] as const;

/** A container of the lab, as the engine lists it. */
export interface LabContainer {
  id: string;
  name: string;
  service: string;
  /** 1, 2, ... within its service. */
  number: number;
  /** The name a node's container has in the cluster. */
  node: string;
  /** running, exited, paused, created, restarting, dead. */
  state: string;
  /** The engine's words: `Up 3 minutes (healthy)`. */
  status: string;
  /** Its name; its id when the name has moved on since. */
  image: string;
  /** In the project's network; empty when it does not run. */
  address: string;
  /** Ports of the container to ports of this machine. */
  ports: ReadonlyMap<number, number>;
}

/** All containers of the lab, stopped ones too, by service and number. */
export async function listContainers(docker: Docker, lab: Lab): Promise<LabContainer[]> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${projectLabel}=${lab.project}`] } });
  const { nodeNames = {} } = recordOf(lab);
  return found
    .map((item) => ({ item, name: (item.Names[0] ?? item.Id).replace(/^\//, '') }))
    .map(({ item, name }) => ({
      id: item.Id,
      name,
      node: nodeNames[name] ?? `${item.Labels[serviceLabel]}-${item.Labels[numberLabel]}`,
      service: item.Labels[serviceLabel] ?? '',
      number: Number(item.Labels[numberLabel] ?? 0),
      state: item.State,
      status: item.Status,
      image: item.Image,
      address: Object.values(item.NetworkSettings?.Networks ?? {})[0]?.IPAddress ?? '',
      ports: new Map(item.Ports.filter((port) => port.PublicPort).map((port) => [port.PrivatePort, port.PublicPort])),
    }))
    .sort((a, b) => a.service.localeCompare(b.service) || a.number - b.number);
}

/**
 * Throws CliError when containers of this project come from another checkout, one that is still there: Compose would take them for its own,
 * and change or remove them.
 */
export async function requireOwnProject(docker: Docker, lab: Lab): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${projectLabel}=${lab.project}`] } });
  const folders = found.map(({ Labels }) => Labels[folderLabel] ?? lab.root);
  const other = folders.find((folder) => folder !== lab.root && existsSync(join(folder, 'docker-compose.yml')));
  if (other === undefined) return;
  throw new CliError(`The cluster ${lab.project} on this engine belongs to another checkout, ${other}.`, {
    hint: 'Run the command there, or choose another name here: `./kubelab --project NAME up`.',
  });
}

export function isNode(container: LabContainer): boolean {
  return container.service === 'node';
}

/** The last lines a container wrote. */
export async function tailOf(docker: Docker, id: string, lines: number): Promise<string[]> {
  const output = await docker.getContainer(id).logs({ stdout: true, stderr: true, tail: lines });
  return demultiplex(output)
    .split('\n')
    .filter((line) => line.trim() !== '');
}

/** Containers without a terminal have their two streams in frames: one byte stream, three of nothing, four of length. */
export function demultiplex(output: Buffer): string {
  const parts: Buffer[] = [];
  for (let offset = 0; offset + 8 <= output.length; ) {
    const length = output.readUInt32BE(offset + 4);
    parts.push(output.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}
