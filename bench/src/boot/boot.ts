/** How long `kubelab up` takes when all images are there, until every node is Ready and DNS answers. */

import { join } from 'node:path';
import { checkout } from '../lab/checkout.js';
import { otherLabs, runningNodes } from '../lab/containers.js';
import { BenchError, run } from '../lab/run.js';
import { writeResult } from '../report/result-file.js';
import { type Aim, formatAim, formatTable, seconds } from '../report/table.js';
import { summarize } from '../statistics/summary.js';
import { parseTimings, type StepTiming, timesByStep } from './timings.js';

export interface BootOptions {
  runs: number;
  /** A lab of the benchmark's own; one that is there is taken down. */
  project: string;
  apiPort: number;
  signal: AbortSignal;
  write: (line: string) => void;
}

interface Boot {
  /** From the start of the command until a node's DNS query was answered. */
  totalMs: number;
  /** Of that, `kubelab up` itself. */
  upMs: number;
  steps: StepTiming[];
}

const aimSeconds = 20;

export async function runBoot(options: BootOptions): Promise<void> {
  const { runs, project, write } = options;
  const others = await otherLabs(project);
  if (others.length > 0) write(`Also running on this machine, and in the figures: ${others.join(', ')}`);
  const boots: Boot[] = [];
  try {
    write('Making sure that everything is built: one boot that is not counted ...');
    await down(options);
    await boot(options);
    for (let number = 1; number <= runs; number++) {
      await down(options);
      const measured = await boot(options);
      boots.push(measured);
      write(`boot ${number} of ${runs}: ${seconds(measured.totalMs)}`);
    }
  } finally {
    await kubelab(['--project', project, 'down', '--keep-images']);
  }
  report(boots, options);
}

async function boot({ project, apiPort, signal }: BootOptions): Promise<Boot> {
  const start = performance.now();
  const ports = ['--api-port', String(apiPort), '--registry-port', '0'];
  const output = await kubelab(['--project', project, 'up', ...ports, '--no-merge-kubeconfig', '--timings'], signal);
  const upMs = performance.now() - start;
  await askDns(project, signal);
  return { totalMs: performance.now() - start, upMs, steps: parseTimings(output) };
}

async function down({ project, signal }: BootOptions): Promise<void> {
  await kubelab(['--project', project, 'down', '--keep-images'], signal);
}

function kubelab(args: readonly string[], signal?: AbortSignal): Promise<string> {
  return run(join(checkout, 'kubelab'), args, signal ? { signal } : {});
}

/** Run by the node's Node: asks the cluster's DNS service until it has an answer. */
const dnsProgram = `
const { Resolver } = require('node:dns').promises;
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers(['10.96.0.10']);
const end = Date.now() + 30000;
const ask = () => resolver.resolve4('kubernetes.default.svc.cluster.local').then(
  (found) => console.log(found.join()),
  (error) => { if (Date.now() > end) throw error; setTimeout(ask, 20); },
);
ask();
`;

async function askDns(project: string, signal: AbortSignal): Promise<void> {
  const [node] = await runningNodes(project);
  if (!node) throw new BenchError(`${project} has no running node`);
  await run('docker', ['exec', node.id, 'node', '-e', dnsProgram], { signal });
}

function report(boots: readonly Boot[], { runs, project, write }: BootOptions): void {
  const row = (name: string, samples: readonly number[]): string[] => {
    const { min, p50, max } = summarize(samples);
    return [name, ...[min, p50, max].map(seconds)];
  };
  const totals = boots.map(({ totalMs }) => totalMs);
  const steps = timesByStep(boots.map((item) => item.steps));
  const dns = boots.map(({ totalMs, upMs }) => totalMs - upMs);
  const rows = [...steps].map(([title, samples]) => row(title, samples));
  write('');
  write(formatTable(['step', 'min', 'p50', 'max'], [...rows, row('DNS asked by a node', dns), row('all', totals)]));
  write('API server and images for the registry run at the same time; `all` includes the start of the command.');
  const aim: Aim = { what: 'warm boot, p50', value: summarize(totals).p50 / 1000, limit: aimSeconds, unit: 's' };
  write(formatAim(aim));
  const results = { all: summarize(totals), boots };
  write(
    `written to ${writeResult({ benchmark: 'boot', options: { runs, project }, aims: [aim], results }, new Date())}`,
  );
}
