/** Removes pods of vanished nodes, pods that were deleted before they had a node, and old terminated pods. */

import { nodes as nodeType, pods as podType } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { ControllerDefinition, ManagerContext, Runnable } from '../manager/context.js';
import { isPodTerminated } from '../pods/pod-state.js';
import { planPodGc } from './plan.js';

const periodMs = 20_000;
/** A node that is missing for this long has not merely not been seen yet. */
const quarantineMs = 40_000;

export const podGarbageCollector: ControllerDefinition = {
  name: 'pod-garbage-collector-controller',
  serviceAccount: 'pod-garbage-collector',
  enabled: () => true,
  create: (context) => new PodGarbageCollector(context),
};

class PodGarbageCollector implements Runnable {
  readonly #context: ManagerContext;
  readonly #missingSince = new Map<string, number>();

  constructor(context: ManagerContext) {
    this.#context = context;
    context.informers.of(podType);
    context.informers.of(nodeType);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    while (!signal.aborted) {
      await this.#collect().catch((error: unknown) =>
        logger.warn('Pods could not be collected, will be retried', { error }),
      );
      await clock.sleep(periodMs, signal).catch(() => undefined);
    }
  }

  async #collect(): Promise<void> {
    const { informers, clock, config } = this.#context;
    const now = clock.now();
    const overdue = [...this.#missingSince].filter(([, since]) => now - since >= quarantineMs).map(([name]) => name);
    const gone = new Set<string>();
    for (const name of overdue) if (await this.#isGone(name)) gone.add(name);
    const plan = planPodGc(
      informers.of(podType).list(),
      informers.of(nodeType).list(),
      gone,
      config['terminated-pod-gc-threshold'],
    );
    for (const name of this.#missingSince.keys()) if (!plan.missingNodes.has(name)) this.#missingSince.delete(name);
    for (const name of plan.missingNodes) if (!this.#missingSince.has(name)) this.#missingSince.set(name, now);
    for (const { pod, disruption } of plan.remove) {
      await this.#remove(pod, disruption).catch((error: unknown) =>
        this.#context.logger.warn('Pod could not be collected, will be retried', { pod: objectKey(pod), error }),
      );
    }
  }

  /** Never trust absence from a cache: ask. */
  async #isGone(node: string): Promise<boolean> {
    try {
      await this.#context.client.get(nodeType, node);
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  /** A pod that nobody will end is marked as failed first, for those who count on its end. */
  async #remove(pod: Pod, disruption: string | undefined): Promise<void> {
    const { client, clock } = this.#context;
    const { name, namespace, uid } = pod.metadata;
    try {
      if (!isPodTerminated(pod)) {
        const condition = {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByPodGC',
          message: disruption,
          lastTransitionTime: timestamp(clock),
        };
        await client.patch(
          podType,
          name,
          namespace,
          'strategic',
          { metadata: { uid }, status: { phase: 'Failed', ...(disruption ? { conditions: [condition] } : {}) } },
          { subresource: 'status' },
        );
      }
      await client.delete(podType, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
