/** Carries history plans out for one kind of owner. */

import type { ResourceType } from '@kubelab/api/resource';
import { controllerRevisions } from '@kubelab/api/resource-types';
import type { ControllerRevision, PodTemplateSpec } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { controllerReference, isControlledBy } from '@kubelab/controller/owner';
import type { ManagerContext } from '../manager/context.js';
import { mayAdopt, planAdoption } from '../pods/adoption.js';
import { draftRevision, planHistory, planTruncation, sameData } from './revisions.js';

export interface RevisionOwner extends KubeObject {
  spec: {
    template: PodTemplateSpec;
    selector: Parameters<typeof selectorFromLabelSelector>[0];
    revisionHistoryLimit?: number;
  };
  status?: { collisionCount?: number };
}

/** The name of a new revision is taken by another template: count it in the owner's status, then try again. */
export class RevisionCollision extends Error {
  override readonly name = 'RevisionCollision';
  constructor(readonly collisionCount: number) {
    super('the name of the new revision is taken by another template');
  }
}

export class RevisionStore<T extends RevisionOwner> {
  readonly #context: ManagerContext;
  readonly #type: ResourceType<T>;
  readonly #label: string;
  readonly #revisions: Informer<ControllerRevision>;

  constructor(context: ManagerContext, type: ResourceType<T>, label: string) {
    this.#context = context;
    this.#type = type;
    this.#label = label;
    this.#revisions = context.informers.of(controllerRevisions);
  }

  /** The revision of the owner's template, made or made newest if need be, and the older ones. Throws RevisionCollision. */
  async sync(owner: T): Promise<{ current: ControllerRevision; old: ControllerRevision[] }> {
    const { client } = this.#context;
    const { template } = owner.spec;
    const { current, number, old } = planHistory(template, await this.#claim(owner));
    if (!current) return { current: await this.#create(owner, number), old };
    if (current.revision === number) return { current, old };
    return { current: await client.update(controllerRevisions, { ...current, revision: number }), old };
  }

  async truncate(
    owner: T,
    old: readonly ControllerRevision[],
    isUsed: (revision: ControllerRevision) => boolean,
  ): Promise<void> {
    for (const { metadata } of planTruncation(old, isUsed, owner.spec.revisionHistoryLimit ?? 10)) {
      const { name, namespace, uid } = metadata;
      try {
        await this.#context.client.delete(controllerRevisions, name, namespace, { preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #claim(owner: T): Promise<ControllerRevision[]> {
    const { client } = this.#context;
    const selector = selectorFromLabelSelector(owner.spec.selector);
    const { owned, adopt } = planAdoption(owner, selector, this.#revisions.list(owner.metadata.namespace));
    const ours = this.#revisions
      .list(owner.metadata.namespace)
      .filter((revision) => isControlledBy(revision, owner) && !owned.includes(revision));
    if (adopt.length === 0 || !(await mayAdopt(client, this.#type, owner))) return [...owned, ...ours];
    const adopted = await Promise.all(
      adopt.map(({ metadata: { name, namespace, uid, ownerReferences = [] } }) =>
        client.patch(controllerRevisions, name, namespace, 'merge', {
          metadata: { uid, ownerReferences: [...ownerReferences, controllerReference(owner)] },
        }),
      ),
    );
    return [...owned, ...ours, ...adopted];
  }

  async #create(owner: T, revision: number): Promise<ControllerRevision> {
    const { client } = this.#context;
    const collisions = owner.status?.collisionCount ?? 0;
    const { template } = owner.spec;
    const draft = draftRevision(owner, { template, revision, collisions, label: this.#label });
    try {
      return await client.create(controllerRevisions, draft);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await client.get(controllerRevisions, draft.metadata.name ?? '', draft.metadata.namespace);
      // Our own, made a moment ago: the cache is behind.
      if (isControlledBy(existing, owner) && sameData(existing, template)) return existing;
      throw new RevisionCollision(collisions + 1);
    }
  }
}
