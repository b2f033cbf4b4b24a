import { writeResult } from '../report/result-file.js';
import { type Aim, formatAim, formatTable, seconds } from '../report/table.js';
import { summarize } from '../statistics/summary.js';
import type { PodStartOptions, PodStartSamples } from './pod-start.js';

const aimRatio = 2;

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
  };
  const aims: Aim[] =
    ratios.oneByOne === undefined
      ? []
      : [{ what: 'pod start, p50 to the bare engine’s', value: ratios.oneByOne.p50, limit: aimRatio, unit: 'times' }];
  write('');
  write(table(samples, ratios, options));
  write(`deleted, all ${atOnce}: ${samples.atOnce.deletionMs.map(seconds).join(', ')}`);
  for (const aim of aims) write(formatAim(aim));
  const result = {
    benchmark: 'pod-start',
    options: { runs, oneByOne, atOnce, image, nodes: samples.nodes },
    aims,
    results: { ratios, samples },
  };
  write(`written to ${writeResult(result, new Date())}`);
}

function table(
  { oneByOne, atOnce }: PodStartSamples,
  ratios: { oneByOne: Ratio | undefined; atOnce: Ratio | undefined },
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
