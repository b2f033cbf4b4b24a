/** From a claim in a pod to what is to be mounted: upstream's checks, in its words. */
import { persistentVolumeClaims, persistentVolumes } from '@kubelab/api/resource-types';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import { matchesNodeTerm } from '../pods/admission.js';
import { namespaceOf } from '../pods/pod.js';

export interface ClaimedVolume {
  claim: PersistentVolumeClaim;
  volume: PersistentVolume;
  readOnly: boolean;
}

export interface ClaimReader {
  /** Throws an Error for the pod's FailedMount event. */
  resolve(pod: Pod, volume: Volume): Promise<ClaimedVolume>;
}

/** The claim that a volume names, or that is made for it. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

export class ApiClaimReader implements ClaimReader {
  constructor(
    private readonly client: KubeClient,
    private readonly node: () => Node | undefined,
  ) {}

  async resolve(pod: Pod, volume: Volume): Promise<ClaimedVolume> {
    const namespace = namespaceOf(pod);
    const name = claimNameOf(pod, volume) ?? '';
    try {
      const claim = await fetched('PVC', this.client.get(persistentVolumeClaims, name, namespace));
      checkClaim(claim, pod, volume);
      const found = await fetched('PV', this.client.get(persistentVolumes, claim.spec.volumeName ?? ''));
      checkVolume(found, claim, this.node());
      return { claim, volume: found, readOnly: volume.persistentVolumeClaim?.readOnly === true };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`error processing PVC ${namespace}/${name}: ${text}`, { cause: error });
    }
  }
}

async function fetched<T>(kind: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to fetch ${kind} from API server: ${text}`, { cause: error });
  }
}

/** Pure. */
export function checkClaim(claim: PersistentVolumeClaim, pod: Pod, volume: Volume): void {
  const { name, namespace } = claim.metadata;
  if (claim.metadata.deletionTimestamp !== undefined) throw new Error('PVC is being deleted');
  if (volume.ephemeral && !isOwned(claim, pod)) {
    throw new Error(
      `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  }
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) throw new Error('PVC is not bound');
}

function isOwned(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return (claim.metadata.ownerReferences ?? []).some(({ controller, uid }) => controller && uid === pod.metadata.uid);
}

/** Pure. */
export function checkVolume(volume: PersistentVolume, claim: PersistentVolumeClaim, node: Node | undefined): void {
  const { name } = volume.metadata;
  const reference = volume.spec.claimRef;
  if (!reference) throw new Error(`PV ${name} spec.ClaimRef is nil`);
  if (reference.uid !== claim.metadata.uid)
    throw new Error(`PV ${name} spec.ClaimRef.UID ${reference.uid} does not match PVC.UID ${claim.metadata.uid}`);
  if (volume.spec.volumeMode === 'Block') throw new Error('block volumes are not supported by this kubelet');
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms || !node) return;
  const facts = { name: node.metadata.name, labels: node.metadata.labels ?? {} };
  if (!terms.some((term) => matchesNodeTerm(term, facts))) {
    throw new Error(`MountVolume.NodeAffinity check failed for volume "${name}": no matching NodeSelectorTerms`);
  }
}
