/** The thresholds of --eviction-hard and --eviction-soft. Pure. */
import { amountOf } from '../containers/amounts.js';

/** What the node still has, next to what it has altogether. */
export interface Headroom {
  available: number;
  capacity: number;
}

export const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;

/** The last one is the kubelet's own: what pods may have altogether, less what they use. */
export type Signal = (typeof signals)[number] | 'allocatableMemory.available';

/** A number of bytes, inodes or processes, or a part (0 to 1) of what there is. */
export type Amount = { amount: number } | { part: number };

export type Observations = Partial<Record<Signal, Headroom>>;

export interface Threshold {
  signal: Signal;
  limit: Amount;
  /** How long it must have been crossed, milliseconds; 0 for hard thresholds. */
  graceMs: number;
  /** What is to be freed beyond the limit once it was crossed. */
  minReclaim?: Amount;
}

/** Upstream's default of --eviction-hard. */
export const defaultEvictionHard =
  'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%';

export interface ThresholdFlags {
  hard: string;
  soft: string;
  /** `memory.available=1m30s`. */
  softGracePeriods: readonly string[];
  /** `memory.available=100Mi`. */
  minimumReclaim: readonly string[];
}

/** Throws an Error that says what is wrong, in upstream's words where it has some. */
export function readThresholds(flags: ThresholdFlags): Threshold[] {
  const grace = readMap(flags.softGracePeriods, durationMs);
  const reclaim = readMap(flags.minimumReclaim, amountFrom);
  const withReclaim = (threshold: Threshold): Threshold => {
    const minReclaim = reclaim.get(threshold.signal);
    return minReclaim ? { ...threshold, minReclaim } : threshold;
  };
  const hard = parseStatements(flags.hard).map(([signal, limit]) => withReclaim({ signal, limit, graceMs: 0 }));
  const soft = parseStatements(flags.soft).map(([signal, limit]) => {
    const graceMs = grace.get(signal);
    if (graceMs === undefined)
      throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
    return withReclaim({ signal, limit, graceMs });
  });
  return [...hard, ...soft];
}

/** Where pods have a cgroup together, what they use must also stay within what the node offers them: upstream's threshold of zero. */
export function withAllocatable(thresholds: readonly Threshold[]): Threshold[] {
  const hard = thresholds.some(({ signal, graceMs }) => signal === 'memory.available' && graceMs === 0);
  const own: Threshold = { signal: 'allocatableMemory.available', limit: { amount: 0 }, graceMs: 0 };
  return hard ? [...thresholds, own] : [...thresholds];
}

/** Reads `memory.available<100Mi,nodefs.available<10%`. */
function parseStatements(text: string): [Signal, Amount][] {
  const found = new Map<Signal, Amount>();
  for (const part of text.split(',').filter((item) => item.trim() !== '')) {
    const [signal = '', value = '', ...rest] = part.trim().split('<');
    if (value === '' || rest.length > 0)
      throw new Error(`invalid eviction threshold syntax ${part}, expected <signal><operator><value>`);
    if (found.has(signalFrom(signal))) throw new Error(`duplicate eviction threshold for signal ${signal}`);
    found.set(signalFrom(signal), amountFrom(value));
  }
  return [...found];
}

function readMap<T>(entries: readonly string[], read: (text: string) => T): Map<Signal, T> {
  return new Map(
    entries.map((entry) => {
      const [signal = '', value = '', ...rest] = entry.split('=');
      if (value === '' || rest.length > 0) throw new Error(`"${entry}" must be SIGNAL=VALUE`);
      return [signalFrom(signal), read(value)];
    }),
  );
}

function signalFrom(text: string): Signal {
  if (!(signals as readonly string[]).includes(text)) throw new Error(`unknown eviction signal: ${text}`);
  return text as Signal;
}

function amountFrom(text: string): Amount {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined) return { amount: amountOf(text) };
  if (Number(percent) > 100) throw new Error(`eviction percentage threshold ${text} must be <= 100%`);
  return { part: Number(percent) / 100 };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's durations. */
function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new Error(`"${text}" is not a duration`);
  let total = 0;
  for (const [, number = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(number) * (units[unit] ?? 0);
  return total;
}

export function absolute(amount: Amount, capacity: number): number {
  return 'part' in amount ? amount.part * capacity : amount.amount;
}

/** Whether a threshold is crossed; with `reclaimed`, whether not enough has been freed since it was. */
export function isCrossed(threshold: Threshold, seen: Observations, options: { reclaimed: boolean }): boolean {
  const now = seen[threshold.signal];
  if (!now || now.capacity === 0) return false;
  const more = options.reclaimed && threshold.minReclaim ? absolute(threshold.minReclaim, now.capacity) : 0;
  return now.available < absolute(threshold.limit, now.capacity) + more;
}

export function isMemory(signal: Signal): boolean {
  return signal === 'memory.available' || signal === 'allocatableMemory.available';
}

export type Condition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

export function conditionOf(signal: Signal): Condition {
  if (isMemory(signal)) return 'MemoryPressure';
  return signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure';
}

/** What the message of an eviction calls what ran low. */
export function resourceOf(signal: Signal): 'memory' | 'ephemeral-storage' | 'inodes' | 'pids' {
  if (isMemory(signal)) return 'memory';
  if (signal === 'pid.available') return 'pids';
  return signal.endsWith('inodesFree') ? 'inodes' : 'ephemeral-storage';
}
