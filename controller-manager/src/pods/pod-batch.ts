/** Creates and deletes a controller's pods such that its expectations hold, whatever fails on the way. */

import type { Pod } from '@kubelab/api/types';
import { type KubeObject, objectKey } from '@kubelab/apimachinery/meta';
import type { Expectations } from '@kubelab/controller/expectations';
import type { PodControl } from './pod-control.js';
import { SlowStartError, slowStart } from './slow-start.js';

export interface PodFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  error: unknown;
}

export class PodBatch {
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;

  constructor(options: { expectations: Expectations; podControl: PodControl }) {
    this.#expectations = options.expectations;
    this.#podControl = options.podControl;
  }

  /** Calls `create` with 0, 1, 2... in growing batches; returns how many were made and what went wrong. */
  async create(
    key: string,
    count: number,
    create: (podControl: PodControl, index: number) => Promise<unknown>,
  ): Promise<{ made: number; failure?: PodFailure }> {
    if (count <= 0) return { made: 0 };
    this.#expectations.expectCreations(key, count);
    let next = 0;
    try {
      const made = await slowStart(count, async () => void (await create(this.#podControl, next++)));
      return { made };
    } catch (error) {
      const made = error instanceof SlowStartError ? error.succeeded : 0;
      for (let missing = count - made; missing > 0; missing--) this.#expectations.creationObserved(key);
      return {
        made,
        failure: { reason: 'FailedCreate', error: error instanceof SlowStartError ? error.cause : error },
      };
    }
  }

  async delete(key: string, owner: KubeObject, pods: readonly Pod[]): Promise<PodFailure | undefined> {
    for (const pod of pods) this.#expectations.expectDeletion(key, objectKey(pod));
    const results = await Promise.allSettled(pods.map((pod) => this.#deleteOne(key, owner, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed && { reason: 'FailedDelete', error: failed.reason };
  }

  async #deleteOne(key: string, owner: KubeObject, pod: Pod): Promise<void> {
    const seen = (): void => this.#expectations.deletionObserved(key, objectKey(pod));
    try {
      if (!(await this.#podControl.delete(owner, pod))) seen();
    } catch (error) {
      seen();
      throw error;
    }
  }
}
