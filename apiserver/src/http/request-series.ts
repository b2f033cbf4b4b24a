/** Requests counted by what they are: cheap for every request, put together when somebody looks. */

import type { Registry } from 'prom-client';

/** The labels that all metrics of requests share. */
export interface RequestLabels {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: string;
  component: string;
}

const bounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
] as const;

/** Requests of one kind. */
export class RequestSeries {
  readonly codes = new Map<number, number>();
  /** Per bound, those that took longer than the bound before it; the last is for the rest. */
  readonly buckets = new Array<number>(bounds.length + 1).fill(0);
  sum = 0;
  count = 0;

  constructor(
    readonly labels: RequestLabels,
    readonly dryRun: string,
  ) {}

  answered(code: number): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  took(seconds: number): void {
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.sum += seconds;
    this.count++;
  }
}

export class AllSeries {
  readonly #series = new Map<string, RequestSeries>();

  of(labels: RequestLabels, dryRun: string): RequestSeries {
    const { verb, group, version, resource, subresource, scope } = labels;
    const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope} ${dryRun}`;
    let series = this.#series.get(key);
    if (!series) {
      series = new RequestSeries(labels, dryRun);
      this.#series.set(key, series);
    }
    return series;
  }

  [Symbol.iterator](): IterableIterator<RequestSeries> {
    return this.#series.values();
  }
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** A histogram as prom-client's registry shows it, made of the series. */
export function registerDurations(
  registry: Registry,
  { name, help }: { name: string; help: string },
  all: AllSeries,
): void {
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: () => Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: durations(name, all) }),
    reset: () => undefined,
  };
  // The registry's own type is a list of classes; all it does with a metric is to ask for its name and values.
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}

function durations(name: string, all: AllSeries): Value[] {
  const values: Value[] = [];
  for (const { labels, dryRun, buckets, sum, count } of all) {
    if (count === 0) continue;
    const own = { ...labels, dry_run: dryRun };
    let below = 0;
    for (const [index, bound] of [...bounds, '+Inf'].entries()) {
      below += buckets[index] ?? 0;
      values.push({ metricName: `${name}_bucket`, labels: { le: bound, ...own }, value: below });
    }
    values.push({ metricName: `${name}_sum`, labels: own, value: sum });
    values.push({ metricName: `${name}_count`, labels: own, value: count });
  }
  return values;
}
