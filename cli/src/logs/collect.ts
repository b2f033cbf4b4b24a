import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { demultiplex, isNode, type LabContainer, listContainers } from '../lab/containers.js';
import type { Lab } from '../lab/lab.js';

/** More than anybody reads, less than fills a disk. */
const keptLines = 50_000;

/** Writes the logs of every service and node of the lab to its logs folder, one file each. Gives the folder. */
export async function collectLogs(docker: Docker, lab: Lab): Promise<string> {
  rmSync(lab.logs, { recursive: true, force: true });
  mkdirSync(lab.logs, { recursive: true });
  for (const container of await listContainers(docker, lab)) {
    const output = await docker
      .getContainer(container.id)
      .logs({ stdout: true, stderr: true, timestamps: true, tail: keptLines });
    writeFileSync(join(lab.logs, `${logName(container)}.log`), `${container.status}\n${demultiplex(output)}`);
  }
  return lab.logs;
}

function logName(container: LabContainer): string {
  if (isNode(container)) return container.node;
  return container.number === 1 ? container.service : `${container.service}-${container.number}`;
}
