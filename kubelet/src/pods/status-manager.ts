import { pods } from '@kubelab/api/resource-types';
import type { Pod, PodStatus } from '@kubelab/api/types';
import { isConflict, isNotFound, StatusError } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { statusPatch } from './status-patch.js';

interface Entry {
  /** The newest version the API is known to have. */
  pod: Pod;
  desired: PodStatus | undefined;
  writing: Promise<void> | undefined;
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
    if (!entry) this.#entries.set(pod.metadata.uid, { pod, desired: undefined, writing: undefined, gone: false });
    else if (isNewer(pod, entry.pod)) entry.pod = pod;
  }

  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.desired;
  }

  /** Returns at once; the write follows and is repeated until it succeeds or the pod is gone. */
  set(pod: Pod, status: PodStatus): void {
    this.observe(pod);
    const entry = this.#entries.get(pod.metadata.uid);
    if (!entry || entry.gone) return;
    entry.desired = status;
    entry.writing ??= this.#write(entry).finally(() => {
      entry.writing = undefined;
    });
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
    const { client, clock, logger, signal } = this.#options;
    let delayMs = firstRetryMs;
    while (!signal.aborted && !entry.gone && entry.desired) {
      const { name, namespace, uid } = entry.pod.metadata;
      const asked = entry.desired;
      const patch = statusPatch(uid, entry.pod.status ?? {}, asked);
      if (!patch) return;
      try {
        const written = await client.patch(pods, name, namespace, 'strategic', patch, { subresource: 'status' });
        if (isNewer(written, entry.pod)) entry.pod = written;
        delayMs = firstRetryMs;
        // A server that answers something else than was asked would be asked for ever.
        if (entry.desired === asked) return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) {
          logger.debug('Pod is gone, its status is not written', { pod: name, namespace, uid });
          return;
        }
        logger.warn('Pod status could not be written', { pod: name, namespace, error });
        // Repeating what the server called invalid does not make it valid; the next change tries again.
        if (error instanceof StatusError && error.code === 422) return;
        await clock.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, longestRetryMs);
      }
    }
  }
}

/** Revisions of one server grow; anything that does not look like a number is taken as newer. */
function isNewer(a: Pod, b: Pod): boolean {
  const left = Number(a.metadata.resourceVersion);
  const right = Number(b.metadata.resourceVersion);
  return Number.isNaN(left) || Number.isNaN(right) || left >= right;
}
