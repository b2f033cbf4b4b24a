import { amountOf } from '../containers/amounts.js';

/** What the node still has, next to what it has altogether. */
export interface Headroom {
  available: number;
  capacity: number;
}

export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export type Thresholds = Map<Signal, { amount: number } | { part: number }>;

const signals: readonly string[] = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
];

/** Upstream's default of --eviction-hard. */
export const defaultEvictionHard =
  'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%';

/** Reads `memory.available<100Mi,nodefs.available<10%`. Throws an Error that says what is wrong. */
export function parseThresholds(text: string): Thresholds {
  const thresholds: Thresholds = new Map();
  for (const part of text.split(',').filter((item) => item.trim() !== '')) {
    const [signal = '', value = '', ...rest] = part.trim().split('<');
    if (value === '' || rest.length > 0)
      throw new Error(`invalid eviction threshold syntax ${part}, expected <signal><operator><value>`);
    if (!signals.includes(signal)) throw new Error(`unknown eviction signal: ${signal}`);
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
    thresholds.set(
      signal as Signal,
      percent === undefined ? { amount: amountOf(value) } : { part: Number(percent) / 100 },
    );
  }
  return thresholds;
}

export interface Pressure {
  memory: boolean;
  disk: boolean;
  pid: boolean;
}

export function pressureOf(thresholds: Thresholds, headroom: Partial<Record<Signal, Headroom>>): Pressure {
  const crossed = (signal: Signal): boolean => {
    const threshold = thresholds.get(signal);
    const now = headroom[signal];
    if (!threshold || !now || now.capacity === 0) return false;
    return now.available < ('part' in threshold ? threshold.part * now.capacity : threshold.amount);
  };
  return {
    memory: crossed('memory.available'),
    disk:
      crossed('nodefs.available') ||
      crossed('nodefs.inodesFree') ||
      crossed('imagefs.available') ||
      crossed('imagefs.inodesFree'),
    pid: crossed('pid.available'),
  };
}
