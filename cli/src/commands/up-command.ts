import { type Command, Option } from 'commander';
import type { Lab } from '../lab/lab.js';
import { type FailureClock, type LabSettings, type Runtime, runtimes } from '../lab/settings.js';
import { type UpResult, up } from '../up/up.js';
import { labOf, type Terminal } from './globals.js';
import { parseSeconds, parseWholeNumber } from './parse.js';

interface UpFlags {
  nodes?: number;
  failureClock?: FailureClock;
  runtime?: Runtime;
  legacyTokenSecrets?: boolean;
  apiPort?: number;
  registryPort?: number;
  nodeCpu?: string;
  nodeMemory?: string;
  mergeKubeconfig?: boolean;
  timeout?: number;
  timings?: boolean;
}

export function addUpCommand(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description('bring the cluster up, or back after a reboot; on a running cluster, change only what is asked')
    .option('--nodes <number>', 'how many nodes (default 3, or as many as there are)', parseWholeNumber)
    .addOption(
      new Option(
        '--failure-clock <clock>',
        'when a silent node counts as lost: upstream (50 s, 300 s) or fast (8 s, 10 s)',
      ).choices(['upstream', 'fast']),
    )
    .addOption(
      new Option(
        '--runtime <runtime>',
        'what runs the pods: docker (default) or containerd; fixed with the first `up`',
      ).choices(runtimes),
    )
    .option('--legacy-token-secrets', 'make a token Secret for each service account, as before 1.24')
    .option('--no-legacy-token-secrets', 'do not (the default)')
    .option('--api-port <port>', 'port of 127.0.0.1 for the API server (default 6443)', parseWholeNumber)
    .option(
      '--registry-port <port>',
      "port of 127.0.0.1 for the lab's registry (default 5000; 0 for any)",
      parseWholeNumber,
    )
    .option('--node-cpu <cpus>', "CPUs of each node: 2, 500m (default 0: all of the machine's)")
    .option('--node-memory <size>', 'memory of each node: 2Gi, 1536Mi (default 2g)')
    .option('--merge-kubeconfig', "write the context to the user's kubeconfig (the default)")
    .option('--no-merge-kubeconfig', 'do not')
    .option('--timeout <seconds>', 'how long to wait for each part (default 180, or KUBELAB_TIMEOUT)', parseSeconds)
    .option('--timings', 'print how long each step took, as JSON, at the end')
    .action(async (flags: UpFlags, command: Command) => {
      const lab = labOf(command);
      const { timings, timeout, ...asked } = flags;
      const limit = timeout === undefined ? {} : { timeoutMs: timeout * 1000 };
      const result = await up({ lab, asked: explicit(asked, command), ...limit, ...terminal });
      for (const line of summary(lab, result)) terminal.write(line);
      if (timings) terminal.write(JSON.stringify(result.timings));
    });
}

/** Only what was on the command line: commander gives `--no-x` options a default. */
function explicit(flags: Omit<UpFlags, 'timings' | 'timeout'>, command: Command): Partial<LabSettings> {
  const entries = Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(entries) as Partial<LabSettings>;
}

function summary(lab: Lab, { changes, settings }: UpResult): string[] {
  if (changes.length === 0) return ['', `Cluster ${lab.project} was running already; nothing was changed.`];
  const context = settings.mergeKubeconfig ? '' : ` --kubeconfig ${lab.kubeconfig}`;
  return [
    '',
    `Cluster ${lab.project} is up. Use it with kubectl:`,
    '',
    `  kubectl${context} get nodes`,
    `  kubectl${context} create deployment web --image=nginx --replicas=3`,
    `  kubectl${context} get pods -o wide`,
    '',
    'See what happens when a machine dies:',
    '',
    '  ./kubelab node kill node-2',
    '  ./kubelab status',
  ];
}
