/** Binds claims to volumes, has volumes made for claims, and sees to what becomes of them afterwards. */
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '@kubelab/api/resource-types';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { volumeFor } from '../provisioner/plan.js';
import { isHeld, nodeOf, released, removalPatch } from '../provisioner/removal.js';
import { isFor, planClaim, planVolume } from './plan.js';

export const persistentVolumeBinder: ControllerDefinition = {
  name: 'persistentvolume-binder-controller',
  serviceAccount: 'persistent-volume-binder',
  enabled: () => true,
  create: (context) => {
    const binder = new VolumeBinder(context);
    const loop = createLoop(context, 'persistentvolume', binder);
    binder.feed(loop);
    return loop;
  },
};

const bindCompleted = 'pv.kubernetes.io/bind-completed';
const boundByController = 'pv.kubernetes.io/bound-by-controller';
/** Keys are `claim/NAMESPACE/NAME` and `volume/NAME`. */
const claimPrefix = 'claim/';
const volumePrefix = 'volume/';

class VolumeBinder implements Reconciler {
  readonly #context: ManagerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#claims = context.informers.of(persistentVolumeClaims);
    this.#volumes = context.informers.of(persistentVolumes);
    this.#classes = context.informers.of(storageClasses);
  }

  feed(loop: Controller): void {
    const enqueueClaim = (claim: PersistentVolumeClaim): void => {
      loop.enqueue(claimPrefix + objectKey(claim));
      if (claim.spec.volumeName) loop.enqueue(volumePrefix + claim.spec.volumeName);
      for (const volume of this.#volumes.list())
        if (isFor(volume, claim)) loop.enqueue(volumePrefix + volume.metadata.name);
    };
    const enqueuePending = (): void => {
      for (const claim of this.#claims.list()) if (claim.status?.phase !== 'Bound') enqueueClaim(claim);
    };
    this.#claims.addHandlers({
      onAdd: enqueueClaim,
      onUpdate: (_old, claim) => enqueueClaim(claim),
      onDelete: enqueueClaim,
    });
    const enqueueVolume = (volume: PersistentVolume): void => {
      loop.enqueue(volumePrefix + volume.metadata.name);
      const { claimRef } = volume.spec;
      if (claimRef) loop.enqueue(`${claimPrefix}${claimRef.namespace}/${claimRef.name}`);
      else enqueuePending();
    };
    this.#volumes.addHandlers({
      onAdd: enqueueVolume,
      onUpdate: (_old, volume) => enqueueVolume(volume),
      onDelete: enqueueVolume,
    });
    this.#classes.addHandlers({ onAdd: enqueuePending, onUpdate: enqueuePending });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    if (key.startsWith(claimPrefix)) await this.#claim(this.#claims.get(key.slice(claimPrefix.length)));
    else await this.#volume(this.#volumes.get(key.slice(volumePrefix.length)));
    return {};
  }

  async #claim(claim: PersistentVolumeClaim | undefined): Promise<void> {
    if (!claim || claim.metadata.deletionTimestamp !== undefined) return;
    const plan = planClaim({ claim, volumes: this.#volumes.list(), storageClass: (name) => this.#classes.get(name) });
    const { recorder } = this.#context;
    if (plan.action === 'bind') await this.#bind(claim, plan.volume);
    else if (plan.action === 'provision') await this.#provision(claim, plan.storageClass, plan.node);
    else if (plan.action === 'lost') await this.#lose(claim);
    else if (plan.tell) recorder.event(claim, plan.tell.type, plan.tell.reason, plan.tell.message);
  }

  /** The volume first: two claims cannot both write into it. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client } = this.#context;
    const { name, namespace = '', uid } = claim.metadata;
    if (volume.spec.claimRef?.uid !== uid) {
      const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid };
      await client.update(persistentVolumes, {
        ...volume,
        metadata: annotated(volume.metadata, boundByController),
        spec: { ...volume.spec, claimRef },
      });
    }
    let current = claim;
    const { annotations = {} } = claim.metadata;
    if (claim.spec.volumeName !== volume.metadata.name || !annotations[bindCompleted]) {
      const chosen = claim.spec.volumeName ? claim.metadata : annotated(claim.metadata, boundByController);
      current = await client.update(persistentVolumeClaims, {
        ...claim,
        metadata: annotated(chosen, bindCompleted),
        spec: { ...claim.spec, volumeName: volume.metadata.name },
      });
    }
    if (current.status?.phase === 'Bound') return;
    const { accessModes, capacity } = volume.spec;
    await client.updateStatus(persistentVolumeClaims, {
      ...current,
      status: {
        ...current.status,
        phase: 'Bound',
        ...(accessModes ? { accessModes } : {}),
        ...(capacity ? { capacity } : {}),
      },
    });
  }

  async #provision(claim: PersistentVolumeClaim, storageClass: StorageClass, node: string): Promise<void> {
    const { client, recorder } = this.#context;
    const draft = volumeFor(claim, storageClass, node);
    try {
      await client.create(persistentVolumes, draft);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      const text = error instanceof Error ? error.message : String(error);
      const message = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${text}`;
      recorder.event(claim, 'Warning', 'ProvisioningFailed', message);
      throw error;
    }
    recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${draft.metadata.name}`);
  }

  async #lose(claim: PersistentVolumeClaim): Promise<void> {
    const { client, recorder } = this.#context;
    await client.updateStatus(persistentVolumeClaims, { ...claim, status: { ...claim.status, phase: 'Lost' } });
    const message = 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
    recorder.event(claim, 'Warning', 'ClaimLost', message);
  }

  async #volume(volume: PersistentVolume | undefined): Promise<void> {
    if (!volume) return;
    const { client, recorder } = this.#context;
    const plan = planVolume(volume, await this.#claimOf(volume));
    // A volume that still counts as bound is protected, so it is released before it is deleted.
    const phase = plan.action === 'phase' ? plan.phase : 'Released';
    if (volume.status?.phase !== phase && volume.status?.phase !== 'Failed') {
      await client.updateStatus(persistentVolumes, { ...volume, status: { ...volume.status, phase } });
      return;
    }
    if (plan.action === 'delete') {
      await this.#remove(volume);
      return;
    }
    if (volume.metadata.deletionTimestamp !== undefined) {
      // Its policy was changed to one that keeps the data, so nobody has to be told.
      if (phase !== 'Bound' && isHeld(volume)) await unlessGone(client.update(persistentVolumes, released(volume)));
      return;
    }
    if (plan.action === 'phase' || volume.status?.phase === 'Failed') return;
    const { message } = plan;
    await client.updateStatus(persistentVolumes, { ...volume, status: { ...volume.status, phase: 'Failed', message } });
    recorder.event(volume, 'Warning', 'VolumeFailedDelete', message);
  }

  /** The node is told before the volume goes: it may be away now, and will find its order when it comes back. */
  async #remove(volume: PersistentVolume): Promise<void> {
    const { client } = this.#context;
    const { name, uid, deletionTimestamp } = volume.metadata;
    const node = nodeOf(volume);
    if (node !== undefined) await unlessGone(client.patch(nodes, node, undefined, 'merge', removalPatch(volume)));
    if (deletionTimestamp === undefined)
      await unlessGone(client.delete(persistentVolumes, name, undefined, { preconditions: { uid } }));
    else if (isHeld(volume)) await unlessGone(client.update(persistentVolumes, released(volume)));
  }

  /** Data is at stake: that a claim is gone is asked of the API, not of a copy that may lag. */
  async #claimOf(volume: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { claimRef } = volume.spec;
    if (!claimRef?.name) return undefined;
    const cached = this.#claims.get(`${claimRef.namespace}/${claimRef.name}`);
    if (cached?.metadata.uid === claimRef.uid) return cached;
    try {
      return await this.#context.client.get(persistentVolumeClaims, claimRef.name, claimRef.namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function annotated<M extends { annotations?: Record<string, string> }>(metadata: M, name: string): M {
  return { ...metadata, annotations: { ...metadata.annotations, [name]: 'yes' } };
}
