/** What kinds with a status subresource do with status when the main resource is written. */
import type { KubeObject } from '@kubelab/apimachinery/meta';

interface WithStatus<S> extends KubeObject {
  status?: S;
}

/** Status is for controllers: a new object starts without one. `empty` is what upstream's struct encodes to. */
export function clearStatus<S>(object: WithStatus<S>, empty: S): void {
  object.status = empty;
}

/** An update of the main resource leaves status as it was. */
export function keepStatus<S>(object: WithStatus<S>, old: WithStatus<S>): void {
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
}
