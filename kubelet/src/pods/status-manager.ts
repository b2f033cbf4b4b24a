import { pods } from '@kubelab/api/resource-types';
import type { Pod, PodStatus } from '@kubelab/api/types';
import { isConflict, isNotFound, StatusError } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { isStaticPod } from '../static-pods/mirror.js';
import { statusPatch } from './status-patch.js';

interface Entry {
  /** The newest version the API is known to have; of a static pod its mirror, once there is one. */
  pod: Pod;
  desired: PodStatus | undefined;
  busy: boolean;
  writing: Promise<void> | undefined;
  /** The patch that the server took last. */
  taken: string | undefined;
  gone: boolean;
}

export interface StatusManagerOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/** Keeps the API's copy of every pod's status equal to what the kubelet computed last. One write at a time per pod, only when something differs. */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  /** Notes a version of the pod that the API has. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid);
    if (!entry) this.#entries.set(pod.metadata.uid, newEntry(pod));
    // A static pod itself is not in the API.
    else if (!isStaticPod(pod) && isNewer(pod, entry.pod)) {
      // Somebody has written since, perhaps over what this kubelet had written: what was said once may have to be said again.
      if (pod.metadata.resourceVersion !== entry.pod.metadata.resourceVersion) entry.taken = undefined;
      entry.pod = pod;
    }
  }

  /** What the API shows of a static pod. */
  observeMirror(pod: Pod, mirror: Pod): void {
    const { uid } = pod.metadata;
    const entry = this.#entries.get(uid) ?? newEntry(pod);
    this.#entries.set(uid, entry);
    if (entry.pod.metadata.uid === mirror.metadata.uid && !isNewer(mirror, entry.pod)) return;
    if (entry.pod.metadata.uid !== mirror.metadata.uid) Object.assign(entry, { gone: false, taken: undefined });
    entry.pod = mirror;
    if (entry.desired) this.set(pod, entry.desired);
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.desired;
  }

  /** Returns at once; the write follows and is repeated until it succeeds or the pod is gone. */
  set(pod: Pod, status: PodStatus): void {
    this.observe(pod);
    const entry = this.#entries.get(pod.metadata.uid);
    if (!entry) return;
    entry.desired = status;
    if (entry.gone) return;
    if (entry.busy) return;
    entry.busy = true;
    entry.writing = this.#write(entry);
  }

  /** Resolves when the last status set has been written (or the pod is gone). */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing;
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry) entry.gone = true;
    this.#entries.delete(uid);
  }

  async #write(entry: Entry): Promise<void> {
    try {
      let delayMs = firstRetryMs;
      for (let next = this.#nextPatch(entry); next; next = this.#nextPatch(entry)) {
        if (await this.#send(entry, next)) delayMs = firstRetryMs;
        else {
          await this.#options.clock.sleep(delayMs, this.#options.signal).catch(() => undefined);
          delayMs = Math.min(delayMs * 2, longestRetryMs);
        }
      }
    } finally {
      entry.busy = false;
    }
  }

  #nextPatch(entry: Entry): object | undefined {
    if (this.#options.signal.aborted || entry.gone || !entry.desired || isStaticPod(entry.pod)) return undefined;
    const patch = statusPatch(entry.pod.metadata.uid, entry.pod.status ?? {}, entry.desired);
    // A server that took this patch and still has something else will not be asked again and again.
    return JSON.stringify(patch) === entry.taken ? undefined : patch;
  }

  /** True when the server has answered for good. */
  async #send(entry: Entry, patch: object): Promise<boolean> {
    const { client, logger } = this.#options;
    const { name, namespace, uid } = entry.pod.metadata;
    try {
      const written = await client.patch(pods, name, namespace, 'strategic', patch, { subresource: 'status' });
      if (isNewer(written, entry.pod)) entry.pod = written;
      entry.taken = JSON.stringify(patch);
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) {
        logger.debug('Pod is gone, its status is not written', { pod: name, namespace, uid });
        entry.gone = true;
        return true;
      }
      logger.warn('Pod status could not be written', { pod: name, namespace, error });
      if (!(error instanceof StatusError) || error.code !== 422) return false;
      // Repeating what the server called invalid does not make it valid; the next change tries again.
      entry.taken = JSON.stringify(patch);
      return true;
    }
  }
}

function newEntry(pod: Pod): Entry {
  return { pod, desired: undefined, busy: false, writing: undefined, taken: undefined, gone: false };
}

/** Revisions of one server grow; anything that does not look like a number is taken as newer. */
function isNewer(a: Pod, b: Pod): boolean {
  const left = Number(a.metadata.resourceVersion);
  const right = Number(b.metadata.resourceVersion);
  return Number.isNaN(left) || Number.isNaN(right) || left >= right;
}
