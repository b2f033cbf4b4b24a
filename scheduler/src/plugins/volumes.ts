import type { PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import type { Plugin, Rejection, SchedulingContext } from '../framework.js';
import { matchesTerm } from './node-selector.js';

/** Claims must exist and be bound; their volumes may be tied to nodes. */
export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  weight: 0,
  prepare(context) {
    const names = claimNames(context.pod);
    if (names.length === 0) return undefined;
    const claims: PersistentVolumeClaim[] = [];
    for (const name of names) {
      const claim = context.claim(context.pod.metadata.namespace ?? '', name);
      const rejection = checkClaim(claim, name);
      if (rejection) return { rejection };
      if (claim) claims.push(claim);
    }
    return { filter: (info) => (claims.every((claim) => reaches(claim, context, info.node)) ? undefined : conflict) };
  },
};

const conflict: Rejection = { reasons: ["node(s) didn't match PersistentVolume's node affinity"], unresolvable: true };

function claimNames(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}

function checkClaim(claim: PersistentVolumeClaim | undefined, name: string): Rejection | undefined {
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
  if (!claim.spec.volumeName)
    return { reasons: ['pod has unbound immediate PersistentVolumeClaims'], unresolvable: true };
  return undefined;
}

function reaches(
  claim: PersistentVolumeClaim,
  context: SchedulingContext,
  node: Parameters<typeof matchesTerm>[1],
): boolean {
  const volume = context.volume(claim.spec.volumeName ?? '');
  const terms = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms;
  return volume !== undefined && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
}
