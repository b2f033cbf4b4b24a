import { writeResult } from '../report/result-file.js';
import { type Aim, formatAim, formatTable, megabytes, seconds } from '../report/table.js';
import type { NodeOptions, NodeSamples, Window } from './node.js';
import { containerPercent, cpuMsPerProbe, figuresOf, kubeletAndShim, type ProgramFigures } from './windows.js';

const aims = { rssMegabytes: 90, idlePercent: 2 };
const percent = (value: number): string => `${value.toFixed(2)} %`;

/** Prints the tables and writes the result file. */
export function reportNode(samples: NodeSamples, options: NodeOptions): void {
  const { write } = options;
  const [idle, quiet] = samples.windows;
  if (!idle || !quiet) throw new RangeError('nothing was measured');
  const idleFigures = figuresOf(idle);
  write(`\n${programTable(idleFigures)}\n`);
  write(`${windowTable(samples)}\n`);
  write(`${probeTable(samples, quiet)}\n`);
  write(`${options.pods} pods on one node Ready: ${samples.startMs.map(seconds).join(', ')}`);
  write(`${options.pods} pods on one node gone: ${samples.deletionMs.map(seconds).join(', ')}`);
  write(`kubelet restarted with ${options.pods} pods, a new pod Ready: ${seconds(samples.restartMs)}`);
  const reached = aimsOf(kubeletAndShim(idleFigures, samples.node));
  for (const aim of reached) write(formatAim(aim));
  const { pods, seconds: watched, image } = options;
  const windows = samples.windows.map((window) => ({ name: window.name, figures: figuresOf(window) }));
  const result = {
    benchmark: 'node',
    options: { pods, seconds: watched, image },
    aims: reached,
    results: { ...samples, windows },
  };
  write(`written to ${writeResult(result, new Date())}`);
}

function aimsOf(own: ProgramFigures): Aim[] {
  return [
    { what: 'kubelet with shim idle, RSS', value: own.rssBytes / 1e6, limit: aims.rssMegabytes, unit: 'MB' },
    { what: 'kubelet with shim idle', value: own.cpuPercent, limit: aims.idlePercent, unit: '% of a core' },
  ];
}

function programTable(figures: readonly ProgramFigures[]): string {
  const rows = figures.map(({ container, program, cpuPercent, rssBytes, pssBytes }) => [
    `${container}: ${program}`,
    megabytes(rssBytes),
    megabytes(pssBytes),
    percent(cpuPercent),
  ]);
  return formatTable(['idle', 'RSS', 'PSS', 'CPU'], rows);
}

/** The node with the pods, state by state. */
function windowTable({ windows, node }: NodeSamples): string {
  const rows = windows.flatMap((window) => {
    const figures = figuresOf(window).filter((item) => item.container === node);
    const all = containerPercent(window, node);
    return [
      ...[kubeletAndShim(figures, node), ...figures.filter(({ program }) => !own.has(program))].map((item) => [
        `${window.name}: ${item.program}`,
        megabytes(item.rssBytes),
        megabytes(item.pssBytes),
        percent(item.cpuPercent),
      ]),
      ...(all === undefined ? [] : [[`${window.name}: everything`, '', '', percent(all)]]),
    ];
  });
  return formatTable([node, 'RSS', 'PSS', 'CPU'], rows);
}

const own = new Set(['kubelet', 'dockershim', 'containerd-shim-runc-v2']);

function probeTable({ windows, node }: NodeSamples, quiet: Window): string {
  const rows = windows
    .filter(({ probesPerSecond }) => probesPerSecond > 0)
    .map((window) => {
      const cost = (pick: (window: Window) => number | undefined): string => {
        const [without, withProbes] = [pick(quiet), pick(window)];
        if (without === undefined || withProbes === undefined) return 'unknown';
        const { probesPerSecond } = window;
        return `${cpuMsPerProbe({ percent: without }, { percent: withProbes, probesPerSecond }).toFixed(1)} ms`;
      };
      return [
        window.name,
        cost((item) => kubeletAndShim(figuresOf(item), node).cpuPercent),
        cost((item) => containerPercent(item, node)),
      ];
    });
  return formatTable(['CPU time of one probe', 'kubelet with shim', 'whole node'], rows);
}
