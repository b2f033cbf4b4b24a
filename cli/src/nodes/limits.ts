/** How large a node is: what its container may use of the machine, and so what its kubelet reports. Pure. */

import { parseQuantity, QuantityError } from '@kubelab/apimachinery/quantity';

export interface NodeLimits {
  /** CPUs, also parts of one. */
  cpus?: number;
  /** Bytes. */
  memory?: number;
}

/** What the engine's machine has. */
export interface MachineSize {
  cpus: number;
  /** Bytes. */
  memory: number;
}

/** Engine, kubelet and proxy of a node need this much for themselves. */
export const leastMemory = 384 * 1024 ** 2;
/** With less, a node misses its own heartbeats. */
export const leastCpus = 0.1;

const dockerUnits: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes: as Kubernetes writes them (`1Gi`, `512Mi`, `2G`), or, in lower case, as Docker does (`2g`). Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([bkmg])$/.exec(text) ?? [];
  if (number !== undefined) return Math.floor(Number(number) * (dockerUnits[unit ?? 'b'] ?? 1));
  return positive(text, (bytes) => Math.floor(bytes));
}

/** `2`, `0.5` or `500m`. Undefined for anything else. */
export function parseCpus(text: string): number | undefined {
  return positive(text, (cpus) => Math.round(cpus * 1000) / 1000);
}

function positive(text: string, round: (value: number) => number): number | undefined {
  try {
    const value = round(parseQuantity(text).toNumber());
    return value > 0 ? value : undefined;
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** Why this machine cannot have such a node; one sentence each. */
export function limitProblems({ cpus, memory }: NodeLimits, machine: MachineSize): string[] {
  const problems: string[] = [];
  if (cpus !== undefined && cpus > machine.cpus) {
    problems.push(`A node cannot have ${cpus} CPUs: this machine has ${machine.cpus}`);
  }
  if (cpus !== undefined && cpus < leastCpus) problems.push(`A node needs at least ${leastCpus * 1000}m of a CPU`);
  if (memory !== undefined && memory > machine.memory) {
    problems.push(`A node cannot have ${mebibytes(memory)} of memory: this machine has ${mebibytes(machine.memory)}`);
  }
  if (memory !== undefined && memory < leastMemory) {
    problems.push(`A node needs at least ${mebibytes(leastMemory)} of memory`);
  }
  return problems;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)}Mi`;
}

/** What the engine is told. No swap: a node's memory is what it says. */
export function engineLimits({ cpus, memory }: NodeLimits): {
  NanoCpus?: number;
  Memory?: number;
  MemorySwap?: number;
} {
  return {
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
  };
}

/** What the node itself finds beside its name, for when Compose makes its container anew: bytes, and microseconds in 100 ms. */
export function limitsFile({ cpus, memory }: NodeLimits): string {
  return [
    ...(cpus === undefined ? [] : [`cpu ${Math.round(cpus * 100_000)}`]),
    ...(memory === undefined ? [] : [`memory ${memory}`]),
    '',
  ].join('\n');
}
