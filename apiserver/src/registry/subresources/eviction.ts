/** pods/eviction: deletes a pod when the disruption budgets that cover it allow that. */

import type { Eviction, Pod, PodDisruptionBudget } from '@kubelab/api/types';
import { deepClone } from '@kubelab/apimachinery/json';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, forbidden, notFound, StatusError, tooManyRequests } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { ActionHandler, RequestContext } from '../../contracts.js';
import { storeOf } from '../create.js';
import { deleteObject } from '../delete.js';
import type { Engine } from '../engine.js';
import { parseDeleteOptions } from '../options.js';
import { type Resource, storageKey } from '../resources.js';

const budgetsResource = { group: 'policy', resource: 'poddisruptionbudgets' };
/** Evictions that the disruption controller has not confirmed yet. */
const maxDisruptedPods = 2000;
const violates = "Cannot evict pod as it would violate the pod's disruption budget.";

export function createEvictionHandler(engine: Engine, pods: Resource): ActionHandler {
  return {
    async create(context, body, { dryRun }) {
      const eviction = body as unknown as Eviction;
      const { name, namespace } = context.info;
      const given = eviction.metadata?.name ?? '';
      if (given !== '' && given !== name) throw badRequest('name in URL does not match name in Eviction object');
      const entry = await storeOf(pods, 'get').get(storageKey(namespace, name));
      if (!entry) throw notFound(pods.groupResource, name);
      const pod = entry.object as unknown as Pod;
      const deleteOptions = parseDeleteOptions(new URLSearchParams(), { ...eviction.deleteOptions });
      const pretend = dryRun || deleteOptions.dryRun;
      if (!isExempt(pod)) await spendBudget(engine, pod, { dryRun: pretend });
      await announceDisruption(engine, pods, context, pod, { dryRun: pretend });
      await deleteObject(engine, {
        resource: pods,
        namespace,
        name,
        user: context.user,
        options: {
          ...deleteOptions,
          dryRun: pretend,
          // The pod that was looked at, not one that has taken its name since.
          preconditions: { uid: pod.metadata.uid, ...deleteOptions.preconditions },
        },
        warn: (message) => context.warn(message),
      });
      return { code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    },
  };
}

/** Pods that do not count for any budget: finished, not yet running, or already going. */
function isExempt(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return (
    phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
  );
}

function isReady(pod: Pod): boolean {
  return (
    pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
  );
}

async function spendBudget(engine: Engine, pod: Pod, { dryRun }: { dryRun: boolean }): Promise<void> {
  const budgets = engine.resources.byGroupResource(budgetsResource);
  if (!budgets?.store) return;
  const page = await budgets.store.list({ namespace: pod.metadata.namespace ?? '' });
  const covering = page.entries
    .map((entry) => entry.object as unknown as PodDisruptionBudget)
    .filter((budget) => selectorFromLabelSelector(budget.spec?.selector).matches(pod.metadata.labels));
  if (covering.length > 1) {
    throw new StatusError({
      code: 500,
      reason: 'InternalError',
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  }
  const budget = covering[0];
  if (!budget || ignoresUnready(budget, pod)) return;
  const now = timestamp(engine.clock);
  const key = storageKey(budget.metadata.namespace, budget.metadata.name);
  if (dryRun) {
    decrement(budget, pod.metadata.name, now);
    return;
  }
  await budgets.store.update(key, (current) => {
    if (!current) return { action: 'keep' };
    const next = decrement(current.object as unknown as PodDisruptionBudget, pod.metadata.name, now);
    return { action: 'write', object: next as unknown as UnstructuredObject };
  });
}

/** Unready pods may go when the budget says always, or when enough others are healthy. */
function ignoresUnready(budget: PodDisruptionBudget, pod: Pod): boolean {
  if (isReady(pod)) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** The budget with one disruption less. Throws StatusError 429 when there is none left. */
function decrement(budget: PodDisruptionBudget, podName: string, now: string): PodDisruptionBudget {
  const { name, generation = 0 } = budget.metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = budget.status ?? {};
  if (observedGeneration < generation) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed < 0) throw forbidden(budgetsResource, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(budgetsResource, name, why);
  }
  if (disruptionsAllowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = budget.status ?? {};
    throw refused(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  const next = deepClone(budget);
  if (next.status) {
    next.status.disruptionsAllowed = disruptionsAllowed - 1;
    next.status.disruptedPods = { ...disruptedPods, [podName]: now };
  }
  return next;
}

function refused(cause: string, retryAfterSeconds: number): StatusError {
  const error = tooManyRequests(violates, retryAfterSeconds);
  return new StatusError({
    code: error.code,
    reason: error.reason,
    message: error.message,
    details: {
      causes: [{ reason: 'DisruptionBudget', message: cause }],
      ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    },
  });
}

/** The condition by which the pod's owner can tell an eviction from a failure. */
async function announceDisruption(
  engine: Engine,
  pods: Resource,
  context: RequestContext,
  pod: Pod,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  if (dryRun) return;
  const now = timestamp(engine.clock);
  await storeOf(pods, 'update').update(storageKey(context.info.namespace, pod.metadata.name), (current) => {
    if (!current || current.object.metadata.uid !== pod.metadata.uid) return { action: 'keep' };
    const next = deepClone(current.object as unknown as Pod);
    const others = (next.status?.conditions ?? []).filter((condition) => condition.type !== 'DisruptionTarget');
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: now,
    };
    next.status = { ...next.status, conditions: [...others, condition] };
    return { action: 'write', object: next as unknown as UnstructuredObject };
  });
}
