import { runtimeClasses } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';

/** The handler that a pod's RuntimeClass names; empty for the runtime's default. Throws an Error for a class that is not there, in upstream's words. */
export async function runtimeHandlerOf(client: Pick<KubeClient, 'get'>, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName ?? '';
  if (name === '') return '';
  try {
    return (await client.get(runtimeClasses, name)).handler;
  } catch (error) {
    if (isNotFound(error)) throw new Error(`runtimeclass.node.k8s.io "${name}" not found`, { cause: error });
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to lookup RuntimeClass "${name}": ${text}`, { cause: error });
  }
}
