import type { ResourceType } from '@kubelab/api/resource';
import type { Draft, KubeList, KubeObject } from '@kubelab/apimachinery/meta';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface GetOptions {
  resourceVersion?: string;
}

export interface ListParams {
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  /** Ask for PartialObjectMetadata instead of whole objects. */
  metadataOnly?: boolean;
}

export interface WatchParams extends ListParams {
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
}

export interface DeleteParams {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
}

export interface WatchMessage<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

/**
 * A typed REST client. Every method throws StatusError as the server answered it, or a ConnectionError when there was no answer.
 * Namespaced kinds need a namespace (for list and watch: absent means all namespaces).
 */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, name: string, namespace?: string, options?: GetOptions): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string, params?: ListParams): Promise<KubeList<T>>;
  /** Namespace from object.metadata.namespace. */
  create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Promise<T>;
  update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patchType: PatchType,
    patch: unknown,
    options?: { subresource?: string; fieldManager?: string; force?: boolean },
  ): Promise<T>;
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    params?: DeleteParams,
  ): Promise<void>;
  /** All objects that match, or all of the namespace. */
  deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    params?: Pick<ListParams, 'labelSelector' | 'fieldSelector'> & DeleteParams,
  ): Promise<void>;
  /** POST to a subresource: pods/binding, pods/eviction, serviceaccounts/token. */
  createSubresource<R>(
    type: ResourceType<KubeObject>,
    name: string,
    namespace: string | undefined,
    subresource: string,
    body: unknown,
  ): Promise<R>;
  /** PUT to a subresource other than status: certificatesigningrequests/approval, namespaces/finalize, deployments/scale. */
  updateSubresource<R>(
    type: ResourceType<KubeObject>,
    name: string,
    namespace: string | undefined,
    subresource: string,
    body: unknown,
  ): Promise<R>;
  /**
   * Streams until the server ends it, the signal aborts, or the connection breaks (ConnectionError). An ERROR event is thrown as StatusError
   * (410: list again).
   */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    params: WatchParams,
    signal: AbortSignal,
  ): AsyncIterable<WatchMessage<T>>;
  /** Any path; for discovery, health and tests. Body is parsed when it is JSON. */
  raw(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<{ code: number; headers: Record<string, string | string[] | undefined>; body: string }>;
  close(): void;
}

/** No answer came: connection refused, reset, TLS failure, time-out. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
