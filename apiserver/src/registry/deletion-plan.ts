/** What a DELETE does to an object: upstream's BeforeDelete and its finalizer rules as one pure function. */

import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { conflict } from '@kubelab/apimachinery/status-error';
import { formatTime, parseTime } from '@kubelab/apimachinery/time';
import type { DeleteOptions } from './options.js';
import type { Resource } from './resources.js';
import { defaultPropagation } from './strategy.js';

export type DeletionPlan =
  /** Nothing to do: it is on its way out already. */
  | { action: 'keep' }
  /** Gone at once. */
  | { action: 'delete' }
  /** Marked, and gone when its finalizers or its grace period are over. */
  | { action: 'mark'; object: UnstructuredObject };

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

/** Throws StatusError 409 when a precondition does not hold. */
export function planDeletion(
  resource: Resource,
  current: UnstructuredObject,
  options: DeleteOptions,
  now: Date,
): DeletionPlan {
  checkPreconditions(resource, current, options);
  if (isNamespace(resource)) return planNamespaceDeletion(current, now);
  const object = deepClone(current);
  const finalizersChanged = applyPropagation(resource, object, options);
  resource.definition.hooks.prepareForDelete?.(object, now);
  const gracePeriod = resource.definition.hooks.gracePeriodSeconds;
  if (gracePeriod) {
    const plan = planGraceful(object, current, gracePeriod(current), options, now);
    if (plan === 'pending') return { action: 'keep' };
    if (plan === 'marked') {
      const immediate = object.metadata.deletionGracePeriodSeconds === 0 && !hasFinalizers(object);
      return immediate ? { action: 'delete' } : { action: 'mark', object };
    }
  }
  if (!hasFinalizers(object)) return { action: 'delete' };
  const marked = markDeleted(object, now);
  return marked || finalizersChanged ? { action: 'mark', object } : { action: 'keep' };
}

const isNamespace = (resource: Resource): boolean =>
  resource.definition.group === '' && resource.definition.kind === 'Namespace';

const hasFinalizers = (object: UnstructuredObject): boolean => (object.metadata.finalizers?.length ?? 0) > 0;

function checkPreconditions(resource: Resource, object: UnstructuredObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name, uid: actualUid, resourceVersion: actualVersion } = object.metadata;
  // Upstream names the kind here, where other conflicts name the resource.
  const { group, kind } = resource.definition;
  const what = { group, resource: kind };
  if (uid !== undefined && uid !== actualUid) {
    const why =
      `the UID in the precondition (${uid}) does not match the UID in record (${actualUid}). ` +
      'The object might have been deleted and then recreated';
    throw conflict(what, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== actualVersion) {
    const why =
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record ` +
      `(${actualVersion}). The object might have been modified`;
    throw conflict(what, name, why);
  }
}

/** A namespace stays, Terminating, until its controller has emptied it and taken spec.finalizers away. */
function planNamespaceDeletion(current: UnstructuredObject, now: Date): DeletionPlan {
  const spec = current['spec'] as { finalizers?: string[] } | undefined;
  const pending = (spec?.finalizers?.length ?? 0) > 0 || hasFinalizers(current);
  if (current.metadata.deletionTimestamp !== undefined) return pending ? { action: 'keep' } : { action: 'delete' };
  if (!pending) return { action: 'delete' };
  const object = deepClone(current);
  object.metadata.deletionTimestamp = formatTime(now);
  object['status'] = { ...(object['status'] as Record<string, unknown> | undefined), phase: 'Terminating' };
  return { action: 'mark', object };
}

/** Puts the finalizers for the garbage collector in place; true when that changed them. */
function applyPropagation(resource: Resource, object: UnstructuredObject, options: DeleteOptions): boolean {
  const before = object.metadata.finalizers ?? [];
  const wanted = propagationOf(resource, before, options);
  const after = before.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  if (wanted === 'orphan') after.push(orphanFinalizer);
  if (wanted === 'foreground') after.push(foregroundFinalizer);
  if (after.length === before.length && after.every((name) => before.includes(name))) return false;
  object.metadata.finalizers = after;
  return true;
}

function propagationOf(
  resource: Resource,
  finalizers: readonly string[],
  options: DeleteOptions,
): 'orphan' | 'foreground' | 'background' {
  const fallback = defaultPropagation(resource.groupResource);
  if (fallback === 'none') return 'background';
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'orphan' : 'background';
  if (options.propagationPolicy === 'Orphan') return 'orphan';
  if (options.propagationPolicy === 'Foreground') return 'foreground';
  if (options.propagationPolicy === 'Background') return 'background';
  if (finalizers.includes(orphanFinalizer)) return 'orphan';
  if (finalizers.includes(foregroundFinalizer)) return 'foreground';
  return fallback;
}

/** `marked` when a grace period begins or gets shorter, `pending` when one runs and stays. */
function planGraceful(
  object: UnstructuredObject,
  current: UnstructuredObject,
  ownPeriod: number,
  options: DeleteOptions,
  now: Date,
): 'marked' | 'pending' | 'immediate' {
  const { deletionTimestamp, deletionGracePeriodSeconds: running } = current.metadata;
  if (deletionTimestamp !== undefined) {
    if (running === undefined) return 'immediate';
    if (options.gracePeriodSeconds === undefined) return 'pending';
    const period = atLeastOne(options.gracePeriodSeconds);
    if (period >= running) return running === 0 && !hasFinalizers(current) ? 'immediate' : 'pending';
    const began = parseTime(deletionTimestamp).getTime() - bounded(running) * 1000;
    object.metadata.deletionTimestamp = formatTime(new Date(began + bounded(period) * 1000));
    object.metadata.deletionGracePeriodSeconds = period;
    return 'marked';
  }
  const period = ownPeriod === 0 ? 0 : atLeastOne(options.gracePeriodSeconds ?? ownPeriod);
  object.metadata.deletionTimestamp = formatTime(new Date(now.getTime() + bounded(period) * 1000));
  object.metadata.deletionGracePeriodSeconds = period;
  if (object.metadata.generation !== undefined) object.metadata.generation += 1;
  return 'marked';
}

/** Go's longest duration, 292 years: a Date for what is longer may not exist. */
const longestSeconds = 9_223_372_036;

/** A period to reckon with: as an int64 it may be a bigint. */
const bounded = (seconds: number): number => Math.min(Number(seconds), longestSeconds);

/** Negative grace periods mean one second, as upstream. */
const atLeastOne = (seconds: number): number => (seconds < 0 ? 1 : seconds);

function markDeleted(object: UnstructuredObject, now: Date): boolean {
  if (object.metadata.deletionTimestamp !== undefined && object.metadata.deletionGracePeriodSeconds === 0) return false;
  if (object.metadata.deletionTimestamp === undefined) {
    object.metadata.deletionTimestamp = formatTime(now);
    if (object.metadata.generation !== undefined) object.metadata.generation += 1;
  }
  object.metadata.deletionGracePeriodSeconds = 0;
  return true;
}
