/** Pure: what the command line asks for. */

import { parseArgs } from 'node:util';

export const usage = `Usage: npm run bench -- boot|pod-start|node|api [options]

boot       how long \`kubelab up\` takes with all images there, step by step; in a lab of its own
pod-start  create to Ready of pods in a running cluster, and deletion to gone, beside the bare engine's time for their containers
node       CPU and memory of a lab's programs: idle, with many pods on one node, and while those are probed
api        requests, lists, watches and growth of an API server, its own or another; options of its own, see \`api --help\`

  --runs N           how often (boot: 3, pod-start: 1)
  --project NAME     boot: the lab's project (kubelab-bench); others: the cluster's (kubelab)
  --api-port PORT    boot: the lab's API port (26443)
  --kubeconfig FILE  pod-start, node: the cluster's kubeconfig (the project's)
  --one-by-one N     pod-start: pods that start one after the other (20)
  --at-once N        pod-start: pods that start at the same time (30)
  --pods N           node: pods on one node (100)
  --seconds N        node: how long each state is watched (60)
  --image NAME       pod-start, node: the pods' image, which has \`sh\`, \`sleep\` and \`httpd\` (busybox)
`;

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type Asked =
  | { benchmark: 'boot'; runs: number; project: string; apiPort: number }
  | {
      benchmark: 'pod-start';
      runs: number;
      project: string;
      kubeconfig: string | undefined;
      oneByOne: number;
      atOnce: number;
      image: string;
    }
  | {
      benchmark: 'node';
      project: string;
      kubeconfig: string | undefined;
      pods: number;
      seconds: number;
      image: string;
    }
  | { benchmark: 'help' };

const options = {
  runs: { type: 'string' },
  project: { type: 'string' },
  'api-port': { type: 'string' },
  kubeconfig: { type: 'string' },
  'one-by-one': { type: 'string' },
  'at-once': { type: 'string' },
  pods: { type: 'string' },
  seconds: { type: 'string' },
  image: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function parseCommandLine(args: readonly string[]): Asked {
  const { values, positionals } = parse(args);
  const [benchmark, extra] = positionals;
  if (values.help) return { benchmark: 'help' };
  if (extra !== undefined) throw new UsageError(`one benchmark at a time, not also ${extra}`);
  if (benchmark === 'boot') return bootOf(values);
  if (benchmark === 'pod-start') return podStartOf(values);
  if (benchmark === 'node') return nodeOf(values);
  throw new UsageError(`there is no benchmark ${benchmark ?? 'without a name'}`);
}

type Values = ReturnType<typeof parse>['values'];

function bootOf(values: Values): Asked {
  refuse(values, ['kubeconfig', 'one-by-one', 'at-once', 'pods', 'seconds', 'image'], 'boot');
  return {
    benchmark: 'boot',
    runs: count('runs', values.runs, 3),
    project: values.project ?? 'kubelab-bench',
    apiPort: count('api-port', values['api-port'], 26_443),
  };
}

function nodeOf(values: Values): Asked {
  refuse(values, ['runs', 'api-port', 'one-by-one', 'at-once'], 'node');
  return {
    benchmark: 'node',
    project: values.project ?? 'kubelab',
    kubeconfig: values.kubeconfig,
    pods: count('pods', values.pods, 100),
    seconds: count('seconds', values.seconds, 60),
    image: values.image ?? 'busybox',
  };
}

function podStartOf(values: Values): Asked {
  refuse(values, ['api-port', 'pods', 'seconds'], 'pod-start');
  return {
    benchmark: 'pod-start',
    runs: count('runs', values.runs, 1),
    project: values.project ?? 'kubelab',
    kubeconfig: values.kubeconfig,
    oneByOne: count('one-by-one', values['one-by-one'], 20),
    atOnce: count('at-once', values['at-once'], 30),
    image: values.image ?? 'busybox',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function refuse(values: Record<string, unknown>, names: readonly string[], benchmark: string): void {
  const wrong = names.find((name) => values[name] !== undefined);
  if (wrong !== undefined) throw new UsageError(`--${wrong} means nothing to ${benchmark}`);
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--${name} must be a whole number above 0, not ${text}`);
  return Number(text);
}
