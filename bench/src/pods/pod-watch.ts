import type { KubeClient } from '@kubelab/client/client';
import { BenchError } from '../lab/run.js';
import { benchSelector, podType } from './pod-shape.js';
import { failureOf, PodTimeline } from './pod-times.js';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** Watches the benchmark's pods in one namespace and says when each is Ready. */
export class PodWatch {
  readonly timeline = new PodTimeline();
  readonly #waiters = new Map<string, Waiter>();
  readonly #present = new Set<string>();
  #deletions: number[] = [];
  #gone: Waiter | undefined;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: KubeClient,
    private readonly namespace: string,
  ) {}

  /** From the namespace's state of now. Ends with the signal, which then fails everything that waits. */
  async open(signal: AbortSignal): Promise<void> {
    const list = await this.client.list(podType, this.namespace, { labelSelector: benchSelector });
    const resourceVersion = list.metadata.resourceVersion ?? '';
    const either = AbortSignal.any([signal, this.#stop.signal]);
    this.#ended = this.read(resourceVersion, either).catch((error: unknown) => this.fail(error));
  }

  async close(): Promise<void> {
    this.#stop.abort(new BenchError('the watch is closed'));
    await this.#ended;
  }

  /** Call before the pod is created. */
  starting(name: string): Promise<void> {
    this.timeline.starting(name, performance.now());
    return new Promise((resolve, reject) => this.#waiters.set(name, { resolve, reject }));
  }

  /** Call before all pods are deleted. When no pod is left: the milliseconds that each of them took. */
  async empty(): Promise<number[]> {
    this.timeline.deleting(performance.now());
    this.#deletions = [];
    if (this.#present.size > 0) {
      await new Promise<void>((resolve, reject) => {
        this.#gone = { resolve, reject };
      });
    }
    return this.#deletions;
  }

  private async read(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const params = { labelSelector: benchSelector, resourceVersion };
    for await (const { type, object } of this.client.watch(podType, this.namespace, params, signal)) {
      if (type === 'BOOKMARK') continue;
      const name = object.metadata.name ?? '';
      if (type === 'DELETED') this.removed(name);
      else this.changed(name, object);
    }
    throw new BenchError('the watch ended');
  }

  private changed(name: string, pod: Parameters<PodTimeline['seen']>[0]): void {
    this.#present.add(name);
    const waiter = this.#waiters.get(name);
    const failure = failureOf(pod);
    if (this.timeline.seen(pod, performance.now())) waiter?.resolve();
    else if (failure !== undefined) waiter?.reject(new BenchError(`pod ${name} does not start: ${failure}`));
  }

  private removed(name: string): void {
    this.#present.delete(name);
    const ms = this.timeline.gone(name, performance.now());
    if (ms !== undefined) this.#deletions.push(ms);
    if (this.#present.size === 0) this.#gone?.resolve();
  }

  private fail(error: unknown): void {
    for (const waiter of [...this.#waiters.values(), this.#gone]) waiter?.reject(error);
  }
}
