/** From a claim in a pod to what is to be mounted: upstream's checks, in its words. */
import { persistentVolumeClaims, persistentVolumes } from '@kubelab/api/resource-types';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import { matchesNodeTerm } from '../pods/admission.js';
import { allContainers, namespaceOf } from '../pods/pod.js';
import { MountStepError, textOf, VolumeUnknownError } from './volume-error.js';

export interface ClaimedVolume {
  claim: PersistentVolumeClaim;
  volume: PersistentVolume;
  readOnly: boolean;
}

export interface ClaimReader {
  /** Throws VolumeUnknownError, or MountStepError when the volume is not for this node. */
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
      const pv = claim.spec.volumeName ?? '';
      const found = await fetched(`PV ${pv}`, this.client.get(persistentVolumes, pv));
      checkVolume(found, claim);
      checkMode(found, pod, volume);
      checkNode(found, this.node());
      return { claim, volume: found, readOnly: volume.persistentVolumeClaim?.readOnly === true };
    } catch (error) {
      if (error instanceof MountStepError || error instanceof VolumeUnknownError) throw error;
      throw new VolumeUnknownError(`error processing PVC ${namespace}/${name}: ${textOf(error)}`, { cause: error });
    }
  }
}

async function fetched<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`failed to fetch ${what} from API server: ${textOf(error)}`, { cause: error });
  }
}

/** Pure. */
export function checkClaim(claim: PersistentVolumeClaim, pod: Pod, volume: Volume): void {
  const { name, namespace } = claim.metadata;
  if (claim.metadata.deletionTimestamp !== undefined) throw new Error('PVC is being deleted');
  if (claim.status?.phase !== 'Bound') throw new Error('PVC is not bound');
  if (!claim.spec.volumeName) throw new Error('PVC has empty pvc.Spec.VolumeName');
  if (volume.ephemeral && !isOwned(claim, pod)) {
    throw new VolumeUnknownError(
      `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  }
}

function isOwned(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return (claim.metadata.ownerReferences ?? []).some(({ controller, uid }) => controller && uid === pod.metadata.uid);
}

/** Pure. */
export function checkVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): void {
  const { name } = volume.metadata;
  const reference = volume.spec.claimRef;
  if (!reference) {
    throw new Error(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  }
  if (reference.uid !== claim.metadata.uid) {
    throw new Error(
      `found PV object ${name} but its pv.Spec.ClaimRef.UID ${reference.uid} does not point to claim.UID ${claim.metadata.uid}`,
    );
  }
}

/** Pure. A file system is mounted and a device is mapped, never the other way round; and this kubelet maps none. */
export function checkMode(persistent: PersistentVolume, pod: Pod, { name }: Volume): void {
  const mode = persistent.spec.volumeMode ?? 'Filesystem';
  const containers = allContainers(pod);
  const isUsedAs = (field: 'volumeMounts' | 'volumeDevices'): boolean =>
    containers.some((container) => (container[field] ?? []).some((use) => use.name === name));
  if (mode !== 'Filesystem' && isUsedAs('volumeMounts'))
    throw new VolumeUnknownError(`volume ${name} has volumeMode ${mode}, but is specified in volumeMounts`);
  if (mode !== 'Block' && isUsedAs('volumeDevices'))
    throw new VolumeUnknownError(`volume ${name} has volumeMode ${mode}, but is specified in volumeDevices`);
  if (mode === 'Block')
    throw new VolumeUnknownError(
      `volume ${name} has volumeMode Block: block volumes are not supported by this kubelet`,
    );
}

/** Pure. */
export function checkNode(volume: PersistentVolume, node: Node | undefined): void {
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms || !node) return;
  const facts = { name: node.metadata.name, labels: node.metadata.labels ?? {} };
  if (terms.some((term) => matchesNodeTerm(term, facts))) return;
  throw new MountStepError('NodeAffinity check', volume.metadata.name, new Error('no matching NodeSelectorTerms'));
}
