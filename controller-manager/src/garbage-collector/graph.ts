/** Who owns whom, over all kinds, by uid. Holds metadata only. */

import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject, ObjectMeta } from '@kubelab/apimachinery/meta';
import { type Dependent, waitsForDependents } from './plan.js';

export interface GraphNode {
  type: ResourceType;
  metadata: ObjectMeta;
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  set(type: ResourceType, object: KubeObject): void {
    const { uid } = object.metadata;
    this.#unlink(uid);
    this.#nodes.set(uid, { type, metadata: object.metadata });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
    }
  }

  delete(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  dependentsOf(uid: string): Dependent[] {
    return [...(this.#dependents.get(uid) ?? [])].map((dependent) => {
      const metadata = this.#nodes.get(dependent)?.metadata;
      const reference = metadata?.ownerReferences?.find((owner) => owner.uid === uid);
      const waits = metadata !== undefined && waitsForDependents(metadata);
      return { uid: dependent, blocks: reference?.blockOwnerDeletion === true, waits };
    });
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
