import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { CliError } from '../errors.js';
import { isNode, type LabContainer, listContainers } from '../lab/containers.js';
import type { Lab } from '../lab/lab.js';

/** Services inside each node's container; their lines start with their name. */
const nodeServices = ['dockerd', 'containerd', 'kubelet', 'kube-proxy', 'images', 'node'];

export interface ShowLogsOptions {
  lab: Lab;
  docker: Docker;
  /** A service of the control plane, a node, or a service of all nodes. */
  component: string;
  follow: boolean;
  tail: string;
  write: (line: string) => void;
}

interface Source {
  container: LabContainer;
  /** Goes before each line. */
  prefix: string;
  /** Lines to show; of them, what to cut off. */
  only?: RegExp;
}

/** Writes what a part of the lab has logged, and goes on with it when asked to. */
export async function showLogs(options: ShowLogsOptions): Promise<void> {
  const containers = await listContainers(options.docker, options.lab);
  const sources = sourcesOf(options.component, containers);
  if (sources.length === 0) {
    const names = [...new Set(containers.map(nameOf)), ...nodeServices];
    throw new CliError(`There is no component ${options.component}.`, { hint: `There are ${names.join(', ')}.` });
  }
  await Promise.all(sources.map((source) => showSource(source, options)));
}

export function sourcesOf(component: string, containers: readonly LabContainer[]): Source[] {
  if (nodeServices.includes(component)) {
    const only = new RegExp(`^${component} \\| `);
    // The API server's container has a kube-proxy too.
    const hosts = containers.filter(
      (item) => isNode(item) || (component === 'kube-proxy' && item.service === 'apiserver'),
    );
    return hosts.map((container) => ({ container, prefix: `${nameOf(container)} | `, only }));
  }
  const own = containers.filter((item) => nameOf(item) === component);
  return own.map((container) => ({ container, prefix: '' }));
}

function nameOf(container: LabContainer): string {
  return isNode(container) ? container.node : container.service;
}

function showSource({ container, prefix, only }: Source, options: ShowLogsOptions): Promise<void> {
  // The engine counts lines before they are chosen from.
  const tail = only ? 'all' : options.tail;
  const kept = only && !options.follow && options.tail !== 'all' ? new LastLines(Number(options.tail)) : undefined;
  const args = ['logs', '--tail', tail, ...(options.follow ? ['--follow'] : []), container.id];
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (only && !only.test(line)) return;
        const shown = `${prefix}${only ? line.replace(only, '') : line}`;
        if (kept) kept.add(shown);
        else options.write(shown);
      });
    }
    child.on('error', reject);
    child.on('close', () => {
      for (const line of kept?.lines ?? []) options.write(line);
      resolve();
    });
  });
}

/** As many lines as asked for, the newest ones. */
class LastLines {
  readonly lines: string[] = [];
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.#count) this.lines.shift();
  }
}
