/** Namespaces and priority classes that every cluster has. */

import type { GroupResource } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';
import { together } from './together.js';

export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

const namespacesResource: GroupResource = { group: '', resource: 'namespaces' };
const priorityClassesResource: GroupResource = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

const priorityClasses = [
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
] as const;

async function ensure(
  objects: ObjectAccess,
  resource: GroupResource,
  wanted: Record<string, unknown>,
  name: string,
): Promise<void> {
  if (objects.peek(resource, undefined, name) ?? (await objects.get(resource, undefined, name))) return;
  try {
    await objects.create(resource, wanted);
  } catch (error) {
    // Another server was faster.
    if (!isAlreadyExists(error)) throw error;
  }
}

export async function ensureNamespace(objects: ObjectAccess, name: string): Promise<void> {
  await ensure(objects, namespacesResource, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, name);
}

/** Upstream's system-namespaces controller. */
export async function ensureSystemNamespaces(objects: ObjectAccess): Promise<void> {
  await together(systemNamespaces.map((name) => ensureNamespace(objects, name)));
}

/** Upstream's post-start hook scheduling/bootstrap-system-priority-classes. */
export async function ensurePriorityClasses(objects: ObjectAccess): Promise<void> {
  const ensureClass = ({ name, value, description }: (typeof priorityClasses)[number]): Promise<void> => {
    const object = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      globalDefault: false,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    };
    return ensure(objects, priorityClassesResource, object, name);
  };
  await together(priorityClasses.map(ensureClass));
}
