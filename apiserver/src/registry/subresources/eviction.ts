/** pods/eviction: deletes a pod when the disruption budgets that cover it allow that. */

import type { Eviction, Pod, PodDisruptionBudget } from '@kubelab/api/types';
import { deepClone } from '@kubelab/apimachinery/json';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import {
  badRequest,
  conflict,
  forbidden,
  notFound,
  StatusError,
  tooManyRequests,
  unclassifiedError,
} from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import type { ActionHandler, RequestContext } from '../../contracts.js';
import { storeOf } from '../create.js';
import { deleteObject } from '../delete.js';
import type { Engine } from '../engine.js';
import { type DeleteOptions, parseDeleteOptions } from '../options.js';
import { type Resource, storageKey } from '../resources.js';
import { setPodCondition } from './pod-condition.js';

type Preconditions = NonNullable<DeleteOptions['preconditions']>;

const budgetsResource = { group: 'policy', resource: 'poddisruptionbudgets' };
/** As upstream's messages have it. */
const budgetResource = { group: 'policy', resource: 'poddisruptionbudget' };
/** Evictions that the disruption controller has not confirmed yet. */
const maxDisruptedPods = 2000;
const violates = "Cannot evict pod as it would violate the pod's disruption budget.";

export function createEvictionHandler(engine: Engine, pods: Resource): ActionHandler {
  return {
    async create(context, body, { dryRun }) {
      const eviction = body as unknown as Eviction;
      const { name, namespace } = context.info;
      if ((eviction.metadata?.name ?? '') !== name)
        throw badRequest('name in URL does not match name in Eviction object');
      const entry = await storeOf(pods, 'get').get(storageKey(namespace, name));
      if (!entry) throw notFound(pods.groupResource, name);
      const pod = entry.object as unknown as Pod;
      const deleteOptions = parseDeleteOptions(new URLSearchParams(), { ...eviction.deleteOptions });
      const pretend = dryRun || deleteOptions.dryRun;
      if (!isExempt(pod)) await spendBudget(engine, pod, { dryRun: pretend });
      // The pod that was looked at, not one that has taken its name since.
      const preconditions: Preconditions = { uid: pod.metadata.uid, ...deleteOptions.preconditions };
      if (!pretend) {
        const announced = await announceDisruption(engine, pods, context, name, preconditions);
        if (preconditions.resourceVersion && announced) preconditions.resourceVersion = announced;
      }
      await deleteObject(engine, {
        resource: pods,
        namespace,
        name,
        user: context.user,
        options: { ...deleteOptions, dryRun: pretend, preconditions },
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
    throw unclassifiedError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
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
  if (disruptionsAllowed < 0) throw forbidden(budgetResource, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(budgetResource, name, why);
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
    if (disruptionsAllowed === 1) noteExhaustion(next, now);
  }
  return next;
}

/** The condition of a budget whose last disruption was spent, until its controller counts again. */
function noteExhaustion(budget: PodDisruptionBudget, now: string): void {
  const conditions = budget.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === 'DisruptionAllowed');
  const next = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    observedGeneration: budget.status?.observedGeneration ?? 0,
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now,
  };
  const all = old ? conditions.map((item) => (item === old ? next : item)) : [...conditions, next];
  budget.status = { ...budget.status, conditions: all } as NonNullable<PodDisruptionBudget['status']>;
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

/**
 * Adds the condition by which the pod's owner can tell an eviction from a failure. Returns the resourceVersion that the deletion is
 * to find; throws StatusError 409 when the pod is not the one that the client wants to see evicted.
 */
async function announceDisruption(
  engine: Engine,
  pods: Resource,
  context: RequestContext,
  podName: string,
  wanted: Preconditions,
): Promise<string | undefined> {
  const entry = await storeOf(pods, 'update').update(storageKey(context.info.namespace, podName), (current) => {
    if (!current) return { action: 'keep' };
    checkPreconditions(current.object as unknown as Pod, wanted);
    const next = deepClone(current.object as unknown as Pod);
    const reason = 'EvictionByEvictionAPI';
    const condition = { type: 'DisruptionTarget', status: 'True', reason, message: 'Eviction API: evicting' };
    setPodCondition(next, condition, timestamp(engine.clock));
    return { action: 'write', object: next as unknown as UnstructuredObject };
  });
  return entry?.object.metadata.resourceVersion;
}

function checkPreconditions({ metadata }: Pod, { uid, resourceVersion }: Preconditions): void {
  const refuse = (why: string): Error => conflict({ group: '', resource: 'Pod' }, metadata.name, why);
  if (uid && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The pod might have been deleted and then recreated`,
    );
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
