import { runtimeClasses } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';

/**
 * The handler that a pod's RuntimeClass names; empty for the runtime's default. Throws an Error in upstream's words for a class that is not there, and
 * for a pod that wants a user namespace of its own: no runtime here has them.
 */
export async function runtimeHandlerOf(client: Pick<KubeClient, 'get'>, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName ?? '';
  const handler = name === '' ? '' : await lookUp(client, name);
  if (pod.spec.hostUsers !== false) return handler;
  const who = handler === '' ? 'runtime' : `RuntimeClass handler "${handler}"`;
  throw new Error(`can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`);
}

async function lookUp(client: Pick<KubeClient, 'get'>, name: string): Promise<string> {
  try {
    return (await client.get(runtimeClasses, name)).handler;
  } catch (error) {
    if (isNotFound(error)) throw new Error(`runtimeclass.node.k8s.io "${name}" not found`, { cause: error });
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to lookup RuntimeClass "${name}": ${text}`, { cause: error });
  }
}
