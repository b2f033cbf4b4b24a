/** The checks of the level "restricted", beside those of baseline: what hardened pods do. Reasons and details as upstream. */

import {
  type AnyContainer,
  type Check,
  containersOf,
  containersText,
  type Finding,
  namesWhere,
  type PodLike,
  plural,
  quote,
  settersText,
  sorted,
} from './findings.js';

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** Since 1.25 pods for Windows need not set what only Linux has. */
function isWindows(pod: PodLike, minor: number): boolean {
  return minor >= 25 && pod.spec.os?.name === 'windows';
}

function restrictedVolumes(pod: PodLike): Finding | undefined {
  const typeOf = (volume: object): string => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  const bad = (pod.spec.volumes ?? []).filter((volume) => !allowedVolumes.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map(typeOf));
  const names = bad.map((volume) => volume.name);
  const detail = `${plural(names.length, 'volume', 'volumes')} ${quote(names)} ${plural(names.length, 'uses', 'use')} restricted volume ${plural(types.length, 'type', 'types')} ${quote(types)}`;
  return { reason: 'restricted volume types', detail };
}

function allowPrivilegeEscalation(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const names = namesWhere(pod, (container) => container.securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function runAsNonRoot(pod: PodLike): Finding | undefined {
  const reason = 'runAsNonRoot != true';
  const podValue = pod.spec.securityContext?.runAsNonRoot;
  const explicit = namesWhere(pod, (container) => container.securityContext?.runAsNonRoot === false);
  const setters = settersText(podValue === false, explicit);
  if (setters !== '') return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  if (podValue === true) return undefined;
  const implicit = namesWhere(pod, (container) => container.securityContext?.runAsNonRoot === undefined);
  if (implicit.length === 0) return undefined;
  return { reason, detail: `pod or ${containersText(implicit)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(pod: PodLike): Finding | undefined {
  const names = namesWhere(pod, (container) => container.securityContext?.runAsUser === 0);
  const setters = settersText(pod.spec.securityContext?.runAsUser === 0, names);
  return setters === '' ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
}

function seccompProfile(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const reason = 'seccompProfile';
  const isGood = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';
  const podType = pod.spec.securityContext?.seccompProfile?.type;
  const typeOf = (container: AnyContainer): string | undefined => container.securityContext?.seccompProfile?.type;
  const explicit = namesWhere(pod, (container) => typeOf(container) !== undefined && !isGood(typeOf(container)));
  const setters = settersText(podType !== undefined && !isGood(podType), explicit);
  if (setters !== '') {
    const types = [podType, ...containersOf(pod).map(typeOf)];
    const values = sorted(types.filter((type): type is string => type !== undefined && !isGood(type)));
    return { reason, detail: `${setters} must not set securityContext.seccompProfile.type to ${quote(values)}` };
  }
  if (isGood(podType)) return undefined;
  const implicit = namesWhere(pod, (container) => typeOf(container) === undefined);
  if (implicit.length === 0) return undefined;
  const detail = `pod or ${containersText(implicit)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason, detail };
}

function capabilities(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const missing = namesWhere(pod, (container) => !container.securityContext?.capabilities?.drop?.includes('ALL'));
  const added = (container: AnyContainer): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = namesWhere(pod, (container) => added(container).length > 0);
  const forbidden = sorted(containersOf(pod).flatMap(added));
  const details = [
    ...(missing.length > 0 ? [`${containersText(missing)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersText(adding)} must not include ${quote(forbidden)} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

/** In upstream's order, which is that of the ids. */
export const restrictedChecks: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', since: 8, run: allowPrivilegeEscalation },
  { id: 'capabilities_restricted', since: 22, replaces: 'capabilities_baseline', run: capabilities },
  { id: 'restrictedVolumes', since: 0, replaces: 'hostPathVolumes', run: restrictedVolumes },
  { id: 'runAsNonRoot', since: 0, run: runAsNonRoot },
  { id: 'runAsUser', since: 23, run: runAsUser },
  { id: 'seccompProfile_restricted', since: 19, replaces: 'seccompProfile_baseline', run: seccompProfile },
];
