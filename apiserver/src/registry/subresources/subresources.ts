/** Subresources with kinds of their own: views on their parent that can be read and written, and actions that are only created. */

import { formatGroupResource, type GroupResource, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { TypeSchema } from '@kubelab/apimachinery/schema';
import type { ActionHandler } from '../../contracts.js';
import type { ExpectedKind } from '../decode.js';
import type { Resource } from '../resources.js';

/** Another kind's view on the parent: scale. */
export interface ParentView {
  readonly expected: ExpectedKind;
  readonly typeSchema: TypeSchema;
  read(parent: UnstructuredObject): UnstructuredObject;
  /** Puts the view's wishes into the parent. Throws StatusError 422 for what it cannot take. */
  write(parent: UnstructuredObject, view: UnstructuredObject): void;
  /** What applying the view means for the parent, as a configuration of the parent's kind. */
  configurationOf(view: UnstructuredObject, parent: Resource): Record<string, unknown>;
}

/** An action and the kind of its body. */
export interface Action {
  readonly expected: ExpectedKind;
  readonly handler: ActionHandler;
  /** The handler runs the admission plugins itself, on what it has made of the body. */
  readonly admitsItself?: boolean;
}

/** Keyed by {@link subresourceKey}. */
export interface Subresources {
  readonly views: ReadonlyMap<string, ParentView>;
  readonly actions: ReadonlyMap<string, Action>;
}

/** `pods/eviction`, `deployments.apps/scale`, `tokenreviews.authentication.k8s.io` (a kind that is itself an action). */
export function subresourceKey(resource: GroupResource, subresource: string): string {
  const name = formatGroupResource(resource);
  return subresource === '' ? name : `${name}/${subresource}`;
}
