import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import type { Plugin, Rejection, SchedulingContext } from '../framework.js';
import { matchesTerm } from './node-selector.js';

type NodeFacts = Parameters<typeof matchesTerm>[1];

/** Claims must exist and be bound, or wait for their first pod; volumes may be tied to nodes. */
export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  weight: 0,
  prepare(context) {
    const names = claimNames(context.pod);
    if (names.length === 0) return undefined;
    const claims: PersistentVolumeClaim[] = [];
    for (const name of names) {
      const claim = context.claim(context.pod.metadata.namespace ?? '', name);
      const rejection = checkClaim(claim, name, context);
      if (rejection) return { rejection };
      if (claim) claims.push(claim);
    }
    return { filter: (info) => judge(claims, context, info.node) };
  },
};

const conflict: Rejection = { reasons: ["node(s) didn't match PersistentVolume's node affinity"], unresolvable: true };
const unavailable: Rejection = {
  reasons: ["node(s) didn't find available persistent volumes to bind"],
  unresolvable: true,
};

function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}

function checkClaim(
  claim: PersistentVolumeClaim | undefined,
  name: string,
  context: SchedulingContext,
): Rejection | undefined {
  if (!claim) return { reasons: [`persistentvolumeclaim "${name}" not found`], unresolvable: true };
  if (claim.metadata.deletionTimestamp)
    return { reasons: [`persistentvolumeclaim "${name}" is being deleted`], unresolvable: true };
  if (claim.status?.phase === 'Lost') {
    return {
      reasons: [
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`,
      ],
      unresolvable: true,
    };
  }
  if (!claim.spec.volumeName && !isDelayed(claim, context))
    return { reasons: ['pod has unbound immediate PersistentVolumeClaims'], unresolvable: true };
  return undefined;
}

function isDelayed(claim: PersistentVolumeClaim, context: SchedulingContext): boolean {
  return context.storageClass(claim.spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}

function judge(
  claims: readonly PersistentVolumeClaim[],
  context: SchedulingContext,
  node: NodeFacts,
): Rejection | undefined {
  for (const claim of claims) {
    if (claim.spec.volumeName && !isReachable(context.volume(claim.spec.volumeName), node)) return conflict;
  }
  return planVolumes(claims, context, node) ? undefined : unavailable;
}

function isReachable(volume: PersistentVolume | undefined, node: NodeFacts): boolean {
  const terms = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms;
  return volume !== undefined && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
}

export interface VolumeDecisions {
  bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  /** A volume is to be made for them on the node. */
  provision: PersistentVolumeClaim[];
}

/** Claims of the pod that the API has; those that it has not keep the pod from being scheduled before. */
export function podClaims(context: SchedulingContext): PersistentVolumeClaim[] {
  const { pod } = context;
  return claimNames(pod).flatMap((name) => context.claim(pod.metadata.namespace ?? '', name) ?? []);
}

/** What claims that wait would get on a node; undefined when one of them would get nothing. */
export function planVolumes(
  claims: readonly PersistentVolumeClaim[],
  context: SchedulingContext,
  node: NodeFacts,
): VolumeDecisions | undefined {
  const decisions: VolumeDecisions = { bind: [], provision: [] };
  const taken = new Set<string>();
  for (const claim of claims.filter(({ spec }) => !spec.volumeName)) {
    const volume = context
      .volumes()
      .filter((item) => !taken.has(item.metadata.name) && isMatch(claim, item) && isReachable(item, node))
      .sort((a, b) => sizeOf(a) - sizeOf(b))[0];
    if (volume) {
      taken.add(volume.metadata.name);
      decisions.bind.push({ claim, volume });
      continue;
    }
    const provisioner = context.storageClass(claim.spec.storageClassName ?? '')?.provisioner;
    if (!provisioner || provisioner === 'kubernetes.io/no-provisioner') return undefined;
    decisions.provision.push(claim);
  }
  return decisions;
}

function sizeOf(volume: PersistentVolume): number {
  return parseQuantity(volume.spec.capacity?.['storage'] ?? '0').toNumber();
}

/** A volume that is free, or set aside for this claim, and has what the claim asks for. */
function isMatch({ metadata, spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const reference = volume.spec.claimRef;
  const isOwn = reference?.name === metadata.name && reference.namespace === metadata.namespace;
  if (reference && !isOwn) return false;
  return (
    volume.metadata.deletionTimestamp === undefined &&
    (volume.spec.storageClassName ?? '') === (spec.storageClassName ?? '') &&
    (volume.spec.volumeMode ?? 'Filesystem') === (spec.volumeMode ?? 'Filesystem') &&
    (spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode)) &&
    (spec.selector === undefined || selectorFromLabelSelector(spec.selector).matches(volume.metadata.labels)) &&
    sizeOf(volume) >= parseQuantity(spec.resources?.requests?.['storage'] ?? '0').toNumber()
  );
}
