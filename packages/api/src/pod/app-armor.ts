/** AppArmor profiles as annotations, which fields have replaced: taking the field from the annotation at creation. Pure. */

import { deepEqual } from '@kubelab/apimachinery/json';
import type { AppArmorProfile, Container, Pod, PodSpec } from '../types.js';

/** The name of the container follows. */
export const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

/** Init containers, containers and ephemeral containers with their paths, in upstream's order. */
export function containersWithPaths(spec: PodSpec, path: string): [Container, string][] {
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
  return lists.flatMap((list) =>
    ((spec[list] ?? []) as Container[]).map((container, index): [Container, string] => [
      container,
      `${path}.${list}[${index}]`,
    ]),
  );
}

/** Undefined for an annotation that names no profile. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const name = annotation.startsWith(localhost) ? annotation.slice(localhost.length) : '';
  // A name that the field would refuse is no profile either.
  if (name === '' || name !== name.trim()) return undefined;
  return { type: 'Localhost', localhostProfile: name };
}

/** Sets the fields that a new pod has as annotations only, and says so through `warn`. Changes `pod`. */
export function adoptAppArmorAnnotations(pod: Pod, warn: (message: string) => void): void {
  if (pod.spec.os?.name === 'windows') return;
  for (const [container] of containersWithPaths(pod.spec, 'spec')) {
    const key = appArmorAnnotation + container.name;
    const annotation = pod.metadata.annotations?.[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const appArmorProfile = profileOf(annotation);
    if (deepEqual(appArmorProfile, pod.spec.securityContext?.appArmorProfile) && appArmorProfile) continue;
    if (appArmorProfile) container.securityContext = { ...container.securityContext, appArmorProfile };
    warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
}
