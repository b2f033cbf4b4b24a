/** Pure: from what a watch shows of pods, when each of them reached what. */

import type { Pod } from '@kubelab/api/types';

/** Milliseconds from just before the create request. */
export interface PodTimes {
  /** The create request was answered. */
  answeredMs: number;
  /** The pod had a node. */
  scheduledMs: number;
  /** Its Ready condition was True. */
  readyMs: number;
}

interface Progress {
  start: number;
  /** The delete request was about to be sent. */
  deleting?: number;
  answered?: number;
  scheduled?: number;
  ready?: number;
}

export class PodTimeline {
  readonly #pods = new Map<string, Progress>();

  starting(name: string, now: number): void {
    this.#pods.set(name, { start: now });
  }

  answered(name: string, now: number): void {
    const progress = this.#pods.get(name);
    if (progress) progress.answered ??= now;
  }

  /** Of a watch event. True when it made the pod Ready. */
  seen(pod: Pod, now: number): boolean {
    const progress = this.#pods.get(pod.metadata.name ?? '');
    if (!progress) return false;
    if (pod.spec?.nodeName) progress.scheduled ??= now;
    if (progress.ready !== undefined || !isReady(pod)) return false;
    progress.ready = now;
    return true;
  }

  /** All pods that are there are about to be deleted. */
  deleting(now: number): void {
    for (const progress of this.#pods.values()) progress.deleting ??= now;
  }

  /** Milliseconds from the delete request until the pod was gone; undefined for a pod that nobody asked to delete. Forgets it. */
  gone(name: string, now: number): number | undefined {
    const deleting = this.#pods.get(name)?.deleting;
    this.#pods.delete(name);
    return deleting === undefined ? undefined : now - deleting;
  }

  /** Throws for a pod that has not come all the way. */
  timesOf(name: string): PodTimes {
    const { start, answered, scheduled, ready } = this.#pods.get(name) ?? { start: 0 };
    if (answered === undefined || scheduled === undefined || ready === undefined) {
      throw new Error(`pod ${name} is not Ready yet`);
    }
    return { answeredMs: answered - start, scheduledMs: scheduled - start, readyMs: ready - start };
  }
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Why a pod will not become Ready by waiting, if that can be seen. */
export function failureOf(pod: Pod): string | undefined {
  if (pod.status?.phase === 'Failed') return pod.status.message ?? pod.status.reason ?? 'it failed';
  const waiting = pod.status?.containerStatuses?.map(({ state }) => state?.waiting).find((state) => state?.reason);
  const hopeless = ['ErrImagePull', 'ImagePullBackOff', 'CrashLoopBackOff', 'CreateContainerConfigError'];
  if (!waiting?.reason || !hopeless.includes(waiting.reason)) return undefined;
  return `${waiting.reason}: ${waiting.message ?? ''}`;
}
