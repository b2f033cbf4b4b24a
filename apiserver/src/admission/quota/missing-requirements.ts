import type { Pod } from '@kubelab/api/types';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';

const computeNames = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** Containers that leave out what the quota is about: `must specify cpu for: a,b; memory for: a`. */
export function missingRequirements(
  resource: GroupResource,
  object: UnstructuredObject,
  hard: readonly string[],
): string {
  if (resource.group !== '' || resource.resource !== 'pods') return '';
  const pod = object as unknown as Pod;
  if (pod.spec.resources) return '';
  const missing = new Map<string, string[]>();
  for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    for (const name of hard.filter((candidate) => computeNames.includes(candidate))) {
      const [side, key] = name.startsWith('limits.')
        ? (['limits', name.slice(7)] as const)
        : (['requests', name.replace('requests.', '')] as const);
      if (container.resources?.[side]?.[key] === undefined)
        missing.set(name, [...(missing.get(name) ?? []), container.name]);
    }
  }
  const parts = [...missing].sort(([left], [right]) => (left < right ? -1 : 1));
  return parts.map(([name, containers]) => `${name} for: ${[...new Set(containers)].sort().join(',')}`).join('; ');
}
