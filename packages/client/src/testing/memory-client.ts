/** A client over a map: create, get, update and patch with the server's rules about names and versions. For tests of what is built on a client. */

import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { alreadyExists, conflict, notFound, staleObjectMessage } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '../client.js';

export interface MemoryClient extends KubeClient {
  /** Objects by `plural/namespace/name`. */
  readonly objects: Map<string, KubeObject & Record<string, unknown>>;
  /** Runs before every call; may throw, or wait. */
  before: (verb: string) => Promise<void> | void;
}

type Stored = KubeObject & Record<string, unknown>;

export function createMemoryClient(): MemoryClient {
  const objects = new Map<string, Stored>();
  let revision = 0;
  const keyOf = (type: ResourceType, name: string, namespace?: string): string =>
    `${type.plural}/${namespace ?? ''}/${name}`;
  const resourceOf = (type: ResourceType) => ({ group: type.group, resource: type.plural });
  const write = (key: string, object: Stored): Stored => {
    const next = structuredClone(object);
    next.metadata.resourceVersion = String(++revision);
    objects.set(key, next);
    return structuredClone(next);
  };
  const find = (type: ResourceType, name: string, namespace?: string): Stored => {
    const found = objects.get(keyOf(type, name, namespace));
    if (!found) throw notFound(resourceOf(type), name);
    return structuredClone(found);
  };
  const client = {
    objects,
    before: (_verb: string): Promise<void> | void => undefined,
    get: async (type: ResourceType, name: string, namespace?: string) => {
      await client.before('get');
      return find(type, name, namespace);
    },
    create: async (type: ResourceType, draft: Stored) => {
      await client.before('create');
      const { name, namespace } = draft.metadata;
      const key = keyOf(type, name, namespace);
      if (objects.has(key)) throw alreadyExists(resourceOf(type), name);
      return write(key, { ...draft, metadata: { ...draft.metadata, uid: `uid-${revision}` } });
    },
    update: async (type: ResourceType, object: Stored) => {
      await client.before('update');
      const { name, namespace, resourceVersion } = object.metadata;
      const old = find(type, name, namespace);
      if (old.metadata.resourceVersion !== resourceVersion) throw conflict(resourceOf(type), name, staleObjectMessage);
      return write(keyOf(type, name, namespace), object);
    },
    patch: async (type: ResourceType, name: string, namespace: string | undefined, _kind: string, patch: object) => {
      await client.before('patch');
      return write(keyOf(type, name, namespace), { ...find(type, name, namespace), ...patch });
    },
    close: () => undefined,
  };
  return client as unknown as MemoryClient;
}
