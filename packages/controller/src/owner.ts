import type { KubeObject, ObjectMeta, OwnerReference } from '@kubelab/apimachinery/meta';
import { controllerOf, objectKey } from '@kubelab/apimachinery/meta';

/** The reference that makes `owner` the managing controller of an object. */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function isControlledBy(object: { metadata: Partial<ObjectMeta> }, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** The queue key of the object's controller when that is of `kind`. */
export function controllerKey(object: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(object);
  if (owner?.kind !== kind) return undefined;
  const { namespace } = object.metadata;
  return objectKey({ metadata: { name: owner.name, ...(namespace ? { namespace } : {}) } });
}
