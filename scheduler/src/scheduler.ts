/** The loop: takes a pod, decides, assumes, binds; says what went wrong in events and in the pod's status. */

import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod, PodDisruptionBudget } from '@kubelab/api/types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { Plugin, Rejection, SchedulingContext } from './framework.js';
import type { SchedulerMetrics } from './metrics.js';
import { planPreemption } from './preemption.js';
import type { SchedulingQueue } from './queue/scheduling-queue.js';
import { selectNode } from './select-node.js';
import type { ClusterCache } from './snapshot/cluster-cache.js';
import { VolumeBinder } from './volume-binder.js';

export interface SchedulerOptions {
  client: KubeClient;
  cache: ClusterCache;
  queue: SchedulingQueue;
  plugins: readonly Plugin[];
  contextOf: (pod: Pod) => SchedulingContext;
  budgets: () => PodDisruptionBudget[];
  recorder: EventRecorder;
  metrics: SchedulerMetrics;
  clock: Clock;
  logger: Logger;
  profile: string;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #bindings = new Set<Promise<void>>();
  readonly #volumes: VolumeBinder;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#volumes = new VolumeBinder(options);
  }

  /** Decides one pod at a time; bindings go on in parallel. Resolves when the signal aborts and bindings have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, logger } = this.#options;
    for (let pod = await queue.next(signal); pod; pod = await queue.next(signal)) {
      try {
        await this.#schedule(pod);
      } catch (error) {
        logger.error('Scheduling failed', { pod: pod.metadata.name, namespace: pod.metadata.namespace, error });
        queue.retry(pod, { unschedulable: false });
      }
    }
    await Promise.all(this.#bindings);
  }

  async #schedule(pod: Pod): Promise<void> {
    const { queue, cache, plugins, contextOf, metrics, profile } = this.#options;
    if (pod.metadata.deletionTimestamp) {
      queue.finish(pod);
      return;
    }
    const stopTimer = metrics.attemptDuration.startTimer({ profile });
    const context = contextOf(pod);
    const decision = selectNode(context, plugins, Math.random);
    if ('node' in decision) {
      cache.assumePod(pod, decision.node);
      const binding = this.#bind(pod, decision.node, context).finally(() => {
        this.#bindings.delete(binding);
        stopTimer({ result: 'scheduled' });
      });
      this.#bindings.add(binding);
      return;
    }
    metrics.attempts.inc({ result: 'unschedulable', profile });
    stopTimer({ result: 'unschedulable' });
    await this.#reject(pod, context, decision.rejections, decision.message);
  }

  async #bind(pod: Pod, nodeName: string, context: SchedulingContext): Promise<void> {
    const { client, cache, queue, recorder, metrics, logger, profile } = this.#options;
    const { name, namespace, uid } = pod.metadata;
    try {
      const node = context.nodes.find((info) => info.node.metadata.name === nodeName)?.node;
      if (node) await this.#volumes.bind(context, node);
      await client.createSubresource(podType, name, namespace, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
      });
      queue.finish(pod);
      metrics.attempts.inc({ result: 'scheduled', profile });
      recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${nodeName}`);
    } catch (error) {
      cache.forgetPod(pod);
      metrics.attempts.inc({ result: 'error', profile });
      if (isNotFound(error)) {
        queue.finish(pod);
        return;
      }
      logger.warn('Binding failed', { pod: name, namespace, node: nodeName, error });
      queue.retry(pod, { unschedulable: false });
    }
  }

  async #reject(
    pod: Pod,
    context: SchedulingContext,
    rejections: ReadonlyMap<string, Rejection>,
    why: string,
  ): Promise<void> {
    const { plugins, budgets, queue, recorder } = this.#options;
    const result = rejections.size > 0 ? planPreemption(context, plugins, rejections, budgets()) : undefined;
    const message = result && 'message' in result ? `${why} ${result.message}` : why;
    const nominated = result && 'preemption' in result ? result.preemption.nodeName : undefined;
    queue.retry(pod, { unschedulable: true });
    recorder.event(pod, 'Warning', 'FailedScheduling', message);
    await this.#markUnschedulable(pod, message, nominated);
    if (result && 'preemption' in result) await this.#evict(pod, result.preemption.victims, result.preemption.nodeName);
  }

  async #markUnschedulable(pod: Pod, message: string, nominatedNodeName: string | undefined): Promise<void> {
    const { client, clock, logger } = this.#options;
    const old = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
    const same = old?.status === 'False' && old.message === message && nominatedNodeName === undefined;
    if (same) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: old?.status === 'False' ? (old.lastTransitionTime ?? timestamp(clock)) : timestamp(clock),
    };
    const status = { conditions: [condition], ...(nominatedNodeName ? { nominatedNodeName } : {}) };
    try {
      await client.patch(
        podType,
        pod.metadata.name,
        pod.metadata.namespace,
        'strategic',
        { status },
        { subresource: 'status' },
      );
    } catch (error) {
      // The pod may be gone; the next attempt writes its condition anew.
      if (!isNotFound(error)) logger.warn('Condition could not be written', { pod: pod.metadata.name, error });
    }
  }

  async #evict(pod: Pod, victims: readonly Pod[], nodeName: string): Promise<void> {
    const { client, recorder, metrics, clock } = this.#options;
    metrics.preemptionVictims.observe(victims.length);
    const by = `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`;
    for (const victim of victims) {
      const { name, namespace, uid } = victim.metadata;
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: `${this.#options.profile}: preempting to accommodate a higher priority pod`,
        lastTransitionTime: timestamp(clock),
      };
      try {
        await client.patch(
          podType,
          name,
          namespace,
          'strategic',
          { status: { conditions: [condition] } },
          { subresource: 'status' },
        );
        await client.delete(podType, name, namespace, { preconditions: { uid } });
        recorder.event(victim, 'Normal', 'Preempted', by);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}
