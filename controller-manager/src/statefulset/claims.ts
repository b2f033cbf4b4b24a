/** Makes and owns the claims of a StatefulSet's pods. */

import { persistentVolumeClaims } from '@kubelab/api/resource-types';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '@kubelab/api/types';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import type { ManagerContext } from '../manager/context.js';
import { claimOwners } from './claim-owners.js';
import { draftClaims, podName } from './pod-template.js';

/** A claim of an earlier pod is still on its way out. */
export class ClaimBeingDeleted extends Error {
  override readonly name = 'ClaimBeingDeleted';
}

export class StatefulClaims {
  readonly #context: ManagerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#claims = context.informers.of(persistentVolumeClaims);
  }

  /** Makes those that are missing. Throws ClaimBeingDeleted, or what the API answered after an event about it. */
  async ensure(set: StatefulSet, ordinal: number): Promise<void> {
    const { client, recorder } = this.#context;
    for (const draft of draftClaims(set, ordinal)) {
      const name = draft.metadata.name ?? '';
      const existing = this.#claims.get(`${set.metadata.namespace}/${name}`);
      if (existing?.metadata.deletionTimestamp) throw new ClaimBeingDeleted(`pvc ${name} is being deleted`);
      if (existing) continue;
      const what = `create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
      try {
        await client.create(persistentVolumeClaims, draft);
        recorder.event(set, 'Normal', 'SuccessfulCreate', `${what} success`);
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        const why = error instanceof Error ? error.message : String(error);
        recorder.event(set, 'Warning', 'FailedCreate', `${what} failed error: ${why}`);
        throw error;
      }
    }
  }

  async own(set: StatefulSet, pod: Pod, ordinal: number, condemned: boolean): Promise<void> {
    for (const { metadata } of draftClaims(set, ordinal)) {
      const claim = this.#claims.get(`${set.metadata.namespace}/${metadata.name}`);
      const ownerReferences = claim && claimOwners(set, pod, claim, condemned);
      if (!ownerReferences) continue;
      try {
        await this.#context.client.update(persistentVolumeClaims, {
          ...claim,
          metadata: { ...claim.metadata, ownerReferences },
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}
