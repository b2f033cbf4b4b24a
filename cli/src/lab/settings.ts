import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../errors.js';
import { type NodeLimits, parseCpus, parseMemory } from '../nodes/limits.js';

export type FailureClock = 'upstream' | 'fast';

/** What runs the pods on the nodes. */
export const runtimes = ['docker', 'containerd'] as const;
export type Runtime = (typeof runtimes)[number];

/** How a lab was brought up; later commands, and an `up` without flags, keep to it. */
export interface LabSettings {
  nodes: number;
  failureClock: FailureClock;
  /** Of all nodes, and for as long as the lab exists. */
  runtime: Runtime;
  legacyTokenSecrets: boolean;
  apiPort: number;
  /** 0: any free port, here and below. */
  registryPort: number;
  etcdMetricsPort: number;
  schedulerPort: number;
  controllerManagerPort: number;
  /** CPUs of each node, as `--node-cpu` takes them; `0`: all that the machine has. */
  nodeCpu: string;
  /** Memory of each node, as `--node-memory` takes it. */
  nodeMemory: string;
  /** Whether the context is in the user's kubeconfig. */
  mergeKubeconfig: boolean;
}

export const defaultSettings: LabSettings = {
  nodes: 3,
  failureClock: 'upstream',
  runtime: 'docker',
  legacyTokenSecrets: false,
  apiPort: 6443,
  registryPort: 5000,
  etcdMetricsPort: 2381,
  schedulerPort: 10259,
  controllerManagerPort: 10257,
  nodeCpu: '0',
  nodeMemory: '2g',
  mergeKubeconfig: true,
};

/** What a file holds besides the settings. */
export interface LabRecord extends LabFacts {
  settings: LabSettings;
  /** Fingerprint of everything that was applied by the last successful `up`. */
  applied?: string;
  /** Names of nodes that were given one, by the names of their containers. */
  nodeNames?: Readonly<Record<string, string>>;
  /** Sizes of nodes that were given one of their own, by the names of their containers. */
  nodeLimits?: Readonly<Record<string, NodeLimits>>;
}

/** What `down` has to know. */
export interface LabFacts {
  /** The user's file that has the context; `created`: it did not exist before. */
  userKubeconfig?: { file: string; created: boolean };
  /** What `up` did to the machine itself, and what stays. */
  machine?: { packages?: readonly string[]; engine?: string };
}

/** What one `up` adds to what earlier ones did. */
export function mergeFacts<R extends LabFacts>(record: R, { userKubeconfig, machine }: LabFacts): R & LabFacts {
  const before = record.userKubeconfig;
  const packages = [...new Set([...(record.machine?.packages ?? []), ...(machine?.packages ?? [])])];
  return {
    ...record,
    ...(machine ? { machine: { ...record.machine, ...machine, packages } } : {}),
    ...(userKubeconfig
      ? {
          userKubeconfig: {
            file: userKubeconfig.file,
            created: userKubeconfig.created || (before?.file === userKubeconfig.file && before.created),
          },
        }
      : {}),
  };
}

export function readRecord(file: string): LabRecord | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as LabRecord;
    return { ...record, settings: { ...defaultSettings, ...record.settings } };
  } catch (cause) {
    throw new CliError(`${file} is damaged.`, { hint: 'Remove it and run `./kubelab up` again.', cause });
  }
}

export function writeRecord(file: string, record: LabRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** What every node gets that has no size of its own. */
export function commonLimits({ nodeCpu, nodeMemory }: LabSettings): NodeLimits {
  const [cpus, memory] = [parseCpus(nodeCpu), parseMemory(nodeMemory)];
  return { ...(cpus === undefined ? {} : { cpus }), ...(memory === undefined ? {} : { memory }) };
}

/** Every problem with the settings, as sentences. */
export function validateSettings(settings: LabSettings): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(settings.nodes) || settings.nodes < 1 || settings.nodes > 250) {
    problems.push('--nodes must be between 1 and 250');
  }
  if (settings.apiPort < 1 || settings.apiPort > 65_535) problems.push('--api-port must be between 1 and 65535');
  if (settings.registryPort < 0 || settings.registryPort > 65_535) {
    problems.push('--registry-port must be between 0 and 65535');
  }
  const { nodeCpu, nodeMemory } = settings;
  if (nodeCpu !== '0' && parseCpus(nodeCpu) === undefined)
    problems.push('--node-cpu must be a number such as 2 or 500m');
  if (parseMemory(nodeMemory) === undefined) problems.push('--node-memory must be a size such as 2Gi');
  return problems;
}
