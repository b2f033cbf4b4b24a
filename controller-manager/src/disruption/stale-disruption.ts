/** Takes back the DisruptionTarget condition of pods whose deletion was announced but did not come. */

import { pods as podType } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { Controller } from '@kubelab/controller/loop';
import { createLoop, type ManagerContext } from '../manager/context.js';
import { isPodTerminated, podCondition } from '../pods/pod-state.js';

const timeoutMs = 120_000;

/** Milliseconds until the announcement counts as stale; undefined when there is none to take back. */
export function untilStale(pod: Pod, nowMs: number): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget');
  if (condition?.status !== 'True' || pod.metadata.deletionTimestamp || isPodTerminated(pod)) return undefined;
  return Math.max(0, Date.parse(condition.lastTransitionTime ?? '') + timeoutMs - nowMs);
}

export function createStaleDisruptionLoop(context: ManagerContext): Controller {
  const { client, clock, informers } = context;
  const pods = informers.of(podType);
  const loop = createLoop(context, 'stale_pod_disruption', {
    reconcile: async (key) => {
      const pod = pods.get(key);
      const left = pod && untilStale(pod, clock.now());
      if (!pod || left === undefined) return {};
      if (left > 0) return { requeueAfterMs: left };
      const { name, namespace, uid } = pod.metadata;
      const condition = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: timestamp(clock) };
      const patch = { metadata: { uid }, status: { conditions: [condition] } };
      try {
        await client.patch(podType, name, namespace, 'strategic', patch, { subresource: 'status' });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      return {};
    },
  });
  const enqueue = (pod: Pod): void => {
    if (untilStale(pod, clock.now()) !== undefined) loop.enqueue(objectKey(pod));
  };
  pods.addHandlers({ onAdd: enqueue, onUpdate: (_old, pod) => enqueue(pod) });
  return loop;
}
