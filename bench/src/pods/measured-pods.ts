/** The same pods through the cluster: create to Ready, as a watch sees it. */

import { namespaces, nodes, serviceAccounts } from '@kubelab/api/resource-types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import { systemClock } from '@kubelab/component/clock';
import { BenchError } from '../lab/run.js';
import { benchSelector, makePod, type PodShape, podType } from './pod-shape.js';
import type { PodTimes } from './pod-times.js';
import { PodWatch } from './pod-watch.js';

const timeoutMs = 300_000;
/** Between two pods that come one after the other: their last status writes do not meet the next one's first. */
const pauseMs = 300;

export interface PodsOptions {
  client: KubeClient;
  shape: PodShape;
  signal: AbortSignal;
}

export class MeasuredPods {
  readonly namespace = `bench-${process.pid}`;
  readonly #watch: PodWatch;
  #made = 0;

  constructor(private readonly options: PodsOptions) {
    this.#watch = new PodWatch(options.client, this.namespace);
  }

  /** A namespace of its own, and a first pod on every node, so that the images are there. Gives the nodes' names. */
  async prepare(): Promise<string[]> {
    const { client, signal } = this.options;
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
    await this.untilServiceAccount();
    await this.#watch.open(signal);
    const { items } = await client.list(nodes);
    const names = items
      .filter(({ spec }) => !spec?.unschedulable && !spec?.taints?.length)
      .map(({ metadata }) => metadata.name ?? '');
    if (names.length === 0) throw new BenchError('the cluster has no node that takes pods');
    await Promise.all(names.map((node) => this.start(node)));
    await this.clear();
    return names;
  }

  async oneByOne(count: number): Promise<PodTimes[]> {
    const times: PodTimes[] = [];
    for (let index = 0; index < count; index++) {
      times.push(await this.start());
      await systemClock.sleep(pauseMs, this.options.signal);
    }
    return times;
  }

  /** Where the scheduler wants them, or all on one node. */
  atOnce(count: number, options: { node?: string; shape?: PodShape } = {}): Promise<PodTimes[]> {
    return Promise.all(Array.from({ length: count }, () => this.start(options.node, options.shape)));
  }

  /** Deletes all pods; gives the milliseconds until each was gone. */
  async clear(): Promise<number[]> {
    const [times] = await Promise.all([
      this.inTime(this.#watch.empty(), 'the pods to be gone'),
      this.options.client.deleteCollection(podType, this.namespace, { labelSelector: benchSelector }),
    ]);
    return times;
  }

  /** Removes everything, whatever happened before. */
  async close(): Promise<void> {
    await this.#watch.close();
    try {
      await this.options.client.delete(namespaces, this.namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private async start(node?: string, shape = this.options.shape): Promise<PodTimes> {
    const name = `pod-${this.#made++}`;
    const { namespace } = this;
    const pod = makePod(shape, { name, namespace, ...(node === undefined ? {} : { node }) });
    const ready = this.inTime(this.#watch.starting(name), `pod ${name} to be Ready`);
    const created = this.options.client.create(podType, pod).then(() => {
      this.#watch.timeline.answered(name, performance.now());
    });
    await Promise.all([ready, created]);
    return this.#watch.timeline.timesOf(name);
  }

  /** Pods need the account that a controller makes for each namespace. */
  private async untilServiceAccount(): Promise<void> {
    const end = performance.now() + 30_000;
    for (;;) {
      try {
        await this.options.client.get(serviceAccounts, 'default', this.namespace);
        return;
      } catch (error) {
        if (!isNotFound(error) || performance.now() > end) throw error;
        await systemClock.sleep(50, this.options.signal);
      }
    }
  }

  private async inTime<T>(event: Promise<T>, what: string): Promise<T> {
    let timer: { clear(): void } | undefined;
    const late = new Promise<never>((_, reject) => {
      const tooLate = (): void => reject(new BenchError(`waited ${timeoutMs / 1000} s in vain for ${what}`));
      timer = systemClock.setTimeout(tooLate, timeoutMs);
    });
    try {
      return await Promise.race([event, late]);
    } finally {
      timer?.clear();
    }
  }
}
