/** Pure: the options of the API benchmark. */

import { parseArgs } from 'node:util';
import { UsageError } from '../command-line.js';
import { type ApiBenchmark, type Part, parts, type ServerChoice } from './api.js';

export const apiUsage = `Usage: npm run bench -- api [options]

  --kubeconfig FILE  the server to measure; without it kubelab's own is started, with an etcd in memory
  --context NAME     of the kubeconfig, instead of its current one
  --pid N            its process, when it runs here: shows CPU time and memory
  --container NAME   its container, likewise
  --compare FILE     another server's kubeconfig: every figure is taken of both, one after the other
  --compare-context NAME  of that kubeconfig
  --compare-pid N    the other server's process
  --parts LIST       of ${parts.join(', ')} (all)
  --clients LIST     how many ask at the same time (1,16,64)
  --seconds N        how long each request is repeated (3)
  --objects N        configmaps, and pods, that are listed (5000)
  --watchers N       of the fan-out (500)
  --events N         that each of them gets (1000)
`;

type Options = Omit<ApiBenchmark, 'signal' | 'write'>;

/** Throws UsageError. */
export function parseApiOptions(args: readonly string[]): Options {
  const values = parse(args);
  const server = serverOf(values);
  const compare = otherOf(values);
  return {
    ...(server ? { server } : {}),
    ...(compare ? { compare } : {}),
    parts: (values.parts ?? parts.join(',')).split(',').map(partOf),
    clients: (values.clients ?? '1,16,64').split(',').map((text) => amount('clients', text)),
    milliseconds: amount('seconds', values.seconds ?? '3') * 1000,
    objects: amount('objects', values.objects ?? '5000'),
    watchers: amount('watchers', values.watchers ?? '500'),
    events: amount('events', values.events ?? '1000'),
  };
}

function serverOf(values: Record<string, string | undefined>): ServerChoice | undefined {
  const { kubeconfig, context, pid, container } = values;
  if (kubeconfig === undefined) {
    if (pid !== undefined || container !== undefined) throw new UsageError('--pid and --container need --kubeconfig');
    if (context !== undefined) throw new UsageError('--context needs --kubeconfig');
    return undefined;
  }
  if (pid !== undefined && container !== undefined) throw new UsageError('either --pid or --container, not both');
  return {
    kubeconfig,
    ...(context === undefined ? {} : { context }),
    ...(pid === undefined ? {} : { pid: amount('pid', pid) }),
    ...(container === undefined ? {} : { container }),
  };
}

function otherOf(values: Record<string, string | undefined>): ServerChoice | undefined {
  const { compare, 'compare-context': context, 'compare-pid': pid } = values;
  if (compare === undefined) {
    if (pid !== undefined) throw new UsageError('--compare-pid needs --compare');
    if (context !== undefined) throw new UsageError('--compare-context needs --compare');
    return undefined;
  }
  return {
    kubeconfig: compare,
    ...(context === undefined ? {} : { context }),
    ...(pid === undefined ? {} : { pid: amount('compare-pid', pid) }),
  };
}

function parse(args: readonly string[]): Record<string, string | undefined> {
  const text = { type: 'string' } as const;
  const names = [
    'kubeconfig',
    'context',
    'pid',
    'container',
    'compare',
    'compare-context',
    'compare-pid',
    'parts',
    'clients',
    'seconds',
    'objects',
    'watchers',
    'events',
  ];
  try {
    const options = Object.fromEntries(names.map((name) => [name, text]));
    return parseArgs({ args: [...args], options }).values as Record<string, string | undefined>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function partOf(text: string): Part {
  const part = parts.find((name) => name === text);
  if (part === undefined) throw new UsageError(`--parts are ${parts.join(', ')}, not ${text}`);
  return part;
}

function amount(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${option} must be a whole number above 0, not ${text}`);
  return Number(text);
}
