import { writeResult } from '../report/result-file.js';
import { type Aim, formatAim, formatTable, seconds } from '../report/table.js';
import { summarize } from '../statistics/summary.js';
import type { PodStartOptions, PodStartSamples } from './pod-start.js';

const aims = { ratio: 2, startSeconds: 0.7, allReadySeconds: 8, allGoneSeconds: 5 };

/** Prints the table and writes the result file. */
export function reportPodStart(samples: PodStartSamples, options: PodStartOptions): void {
  const { write, runs, oneByOne, atOnce, image } = options;
  const ratios = {
    oneByOne: ratioOf(
      samples.oneByOne.pods.map(({ readyMs }) => readyMs),
      samples.oneByOne.bare.map(({ ms }) => ms),
    ),
    atOnce: ratioOf(
      samples.atOnce.pods.map(({ readyMs }) => readyMs),
      samples.atOnce.bare.map(({ sinceStartMs }) => sinceStartMs),
    ),
    deletion: ratioOf(samples.deletion.pods, samples.deletion.bare),
  };
  const reached = aimsOf(samples, ratios.oneByOne, options);
  write('');
  write(table(samples, ratios, options));
  const cpu = cpuTable(samples, options);
  if (cpu !== undefined) write(`\n${cpu}\n`);
  for (const aim of reached) write(formatAim(aim));
  const result = {
    benchmark: 'pod-start',
    options: { runs, oneByOne, atOnce, image, nodes: samples.nodes },
    aims: reached,
    results: { ratios, samples },
  };
  write(`written to ${writeResult(result, new Date())}`);
}

/** The times of all at once are those of the last pod, as somebody sees it who waits for them. */
function aimsOf(
  { oneByOne, atOnce, deletion }: PodStartSamples,
  ratio: Ratio | undefined,
  options: PodStartOptions,
): Aim[] {
  const last = (samples: readonly number[]): number => summarize(samples).max / 1000;
  const start = summarize(oneByOne.pods.map(({ readyMs }) => readyMs)).p50 / 1000;
  const all = `${options.atOnce} pods at once`;
  return [
    ...(ratio
      ? [{ what: 'pod start, p50 to the bare engine’s', value: ratio.p50, limit: aims.ratio, unit: 'times' } as const]
      : []),
    { what: 'pod start, p50', value: start, limit: aims.startSeconds, unit: 's' },
    {
      what: `${all}, the last Ready`,
      value: last(atOnce.pods.map(({ readyMs }) => readyMs)),
      limit: aims.allReadySeconds,
      unit: 's',
    },
    { what: `${all}, the last gone`, value: last(deletion.pods), limit: aims.allGoneSeconds, unit: 's' },
  ];
}

/** Seconds of CPU time; on a busy machine the only figure that says what the lab itself costs. */
function cpuTable({ cpu }: PodStartSamples, { runs, atOnce }: PodStartOptions): string | undefined {
  const names = [...new Set([...Object.keys(cpu.start), ...Object.keys(cpu.deletion)])].sort();
  if (names.length === 0) return undefined;
  const cell = (ms = 0): string => seconds(ms / runs);
  const rows = names.map((name) => [name, cell(cpu.start[name]), cell(cpu.deletion[name])]);
  return formatTable([`CPU time of ${atOnce} at once`, 'start', 'deletion'], rows);
}

function table(
  { oneByOne, atOnce, deletion }: PodStartSamples,
  ratios: { oneByOne: Ratio | undefined; atOnce: Ratio | undefined; deletion: Ratio | undefined },
  options: PodStartOptions,
): string {
  const one = `${options.oneByOne} one after the other`;
  const many = `${options.atOnce} at once`;
  return formatTable(
    ['create to ...', 'p50', 'p95', 'max'],
    [
      ...row(
        `${one}: answered`,
        oneByOne.pods.map(({ answeredMs }) => answeredMs),
      ),
      ...row(
        `${one}: scheduled`,
        oneByOne.pods.map(({ scheduledMs }) => scheduledMs),
      ),
      ...row(
        `${one}: Ready`,
        oneByOne.pods.map(({ readyMs }) => readyMs),
      ),
      ...row(
        `${one}: bare engine`,
        oneByOne.bare.map(({ ms }) => ms),
      ),
      ...ratioRow(`${one}: times the bare engine`, ratios.oneByOne),
      ...row(
        `${many}: scheduled`,
        atOnce.pods.map(({ scheduledMs }) => scheduledMs),
      ),
      ...row(
        `${many}: Ready`,
        atOnce.pods.map(({ readyMs }) => readyMs),
      ),
      ...row(
        `${many}: bare engine`,
        atOnce.bare.map(({ sinceStartMs }) => sinceStartMs),
      ),
      ...ratioRow(`${many}: times the bare engine`, ratios.atOnce),
      ...row(`${many}, deleted: gone`, deletion.pods),
      ...row(`${many}, deleted: bare engine`, deletion.bare),
      ...ratioRow(`${many}, deleted: times the bare engine`, ratios.deletion),
    ],
  );
}

function row(name: string, samples: readonly number[]): string[][] {
  if (samples.length === 0) return [];
  const { p50, p95, max } = summarize(samples);
  return [[name, ...[p50, p95, max].map(seconds)]];
}

interface Ratio {
  p50: number;
  p95: number;
  max: number;
}

function ratioOf(pods: readonly number[], bare: readonly number[]): Ratio | undefined {
  if (bare.length === 0) return undefined;
  const [ours, theirs] = [summarize(pods), summarize(bare)];
  return { p50: ours.p50 / theirs.p50, p95: ours.p95 / theirs.p95, max: ours.max / theirs.max };
}

function ratioRow(name: string, ratio: Ratio | undefined): string[][] {
  if (!ratio) return [];
  return [[name, ...[ratio.p50, ratio.p95, ratio.max].map((value) => value.toFixed(2))]];
}
