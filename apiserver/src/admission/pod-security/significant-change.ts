/** Whether an update of a pod changes anything that the standards are about. Pure. */

import type { Container, Pod } from '@kubelab/api/types';

type Named = Pick<Container, 'name' | 'image'>;

export function isSignificantChange(pod: Pod, old: Pod): boolean {
  const podKey = 'seccomp.security.alpha.kubernetes.io/pod';
  if (pod.metadata.annotations?.[podKey] !== old.metadata.annotations?.[podKey]) return true;
  const pairs: [readonly Named[], readonly Named[]][] = [
    [pod.spec.containers ?? [], old.spec.containers ?? []],
    [pod.spec.initContainers ?? [], old.spec.initContainers ?? []],
  ];
  for (const [after, before] of pairs) {
    if (after.length !== before.length) return true;
    if (after.some((container, index) => differs(pod, old, container, before[index]))) return true;
  }
  const ephemeral: readonly Named[] = old.spec.ephemeralContainers ?? [];
  return (pod.spec.ephemeralContainers ?? []).some((container: Named) =>
    differs(
      pod,
      old,
      container,
      ephemeral.find((known) => known.name === container.name),
    ),
  );
}

function differs(pod: Pod, old: Pod, container: Named, before: Named | undefined): boolean {
  if (!before || container.image !== before.image) return true;
  const key = `container.seccomp.security.alpha.kubernetes.io/${container.name}`;
  return pod.metadata.annotations?.[key] !== old.metadata.annotations?.[key];
}
