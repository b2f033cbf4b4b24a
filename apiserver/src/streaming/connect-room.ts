/** What the connecting subresources share: finding the parent, and admission of the connection. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import type { Pod } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { notFound, unclassifiedError } from '@kubelab/apimachinery/status-error';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess, RequestContext } from '../contracts.js';
import { type Backend, describeFailure } from './backend.js';
import type { KubeletLocator } from './kubelet-locator.js';

export interface ConnectRoom {
  objects: ObjectAccess;
  kubelets: KubeletLocator;
  admission: readonly AdmissionPlugin[];
  /** Of pods, services and nodes. */
  definitionOf(plural: 'pods' | 'services' | 'nodes'): ResourceDefinition;
}

/** Runs the admission plugins on a CONNECT. `options` is what the query asks for, as upstream's options object. */
export async function admitConnect(
  room: ConnectRoom,
  context: RequestContext,
  plural: 'pods' | 'services' | 'nodes',
  options: Record<string, unknown>,
): Promise<void> {
  const request: AdmissionRequest = {
    operation: 'CONNECT',
    definition: room.definitionOf(plural),
    subresource: context.info.subresource,
    namespace: context.info.namespace,
    name: context.info.name,
    object: { metadata: {}, ...options } as unknown as UnstructuredObject,
    user: context.user,
    dryRun: false,
    warn: (message) => context.warn(message),
  };
  for (const plugin of room.admission) await plugin.admit?.(request);
  for (const plugin of room.admission) await plugin.validate?.(request);
}

/** Throws StatusError 404. */
export async function findPod(room: ConnectRoom, context: RequestContext, name = context.info.name): Promise<Pod> {
  const pods = { group: '', resource: 'pods' };
  const pod = await room.objects.get<Pod>(pods, context.info.namespace, name);
  if (!pod) throw notFound(pods, name);
  return pod;
}

/** 500 `error dialing backend: dial tcp ...`, as exec, attach and port-forward answer when the kubelet is away. */
export function dialError(backend: Backend): (error: Error) => Error {
  return (error) => unclassifiedError(`error dialing backend: ${describeFailure(error, backend)}`, error);
}

/** Names in paths to kubelets are names of objects and so never need escaping; what does is not let through unescaped. */
export function kubeletPath(segments: readonly string[], query: URLSearchParams): string {
  const path = segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
