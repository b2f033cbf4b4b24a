/** Carries Deployment plans out. */

import { deployments, pods as podType, replicaSets } from '@kubelab/api/resource-types';
import type { Deployment, Pod, ReplicaSet } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { type Draft, isBeingDeleted, objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import { controllerKey, controllerReference, isControlledBy } from '@kubelab/controller/owner';
import { type ReconcileResult, type Reconciler, TerminalError } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { mayAdopt, planAdoption } from '../pods/adoption.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { revisionAnnotation, withReplicaAnnotations } from './annotations.js';
import { type DeploymentPlan, planCleanup, planDeployment } from './plan.js';
import { rollingBounds } from './rolling.js';
import { deploymentStatus, isComplete, type StatusInput, untilDeadline } from './status.js';
import { findNewReplicaSet, sameTemplate } from './template.js';

export const deploymentController: ControllerDefinition = {
  name: 'deployment-controller',
  serviceAccount: 'deployment-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new DeploymentReconciler(context);
    const loop = createLoop(context, 'deployment', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

type Progress = NonNullable<StatusInput['progress']>;

interface Applied {
  progress?: Progress | undefined;
  collisionCount?: number | undefined;
  created?: ReplicaSet | undefined;
  /** Why there is no new ReplicaSet; told in the status, then thrown. */
  failure?: unknown;
}

class DeploymentReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#deployments = context.informers.of(deployments);
    this.#sets = context.informers.of(replicaSets);
    this.#pods = context.informers.of(podType);
  }

  feed(loop: Controller): void {
    const enqueue = (object: Deployment): void => loop.enqueue(objectKey(object));
    this.#deployments.addHandlers({ onAdd: enqueue, onUpdate: (_old, object) => enqueue(object), onDelete: enqueue });
    const enqueueOwner = (set: ReplicaSet): void => {
      const key = controllerKey(set, 'Deployment');
      if (key !== undefined) loop.enqueue(key);
      else for (const deployment of this.#selecting(set)) enqueue(deployment);
    };
    this.#sets.addHandlers({ onAdd: enqueueOwner, onUpdate: (_old, set) => enqueueOwner(set), onDelete: enqueueOwner });
    // A Recreate deployment waits for the last old pod to be gone.
    this.#pods.addHandlers({
      onDelete: (pod) => {
        const setKey = controllerKey(pod, 'ReplicaSet');
        const set = setKey === undefined ? undefined : this.#sets.get(setKey);
        const owner = set && controllerKey(set, 'Deployment');
        if (owner !== undefined && this.#deployments.get(owner)?.spec.strategy?.type === 'Recreate')
          loop.enqueue(owner);
      },
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const deployment = this.#deployments.get(key);
    if (!deployment) return {};
    const sets = await this.#claim(deployment);
    if (isBeingDeleted(deployment)) {
      const newSet = findNewReplicaSet(deployment, sets);
      await this.#writeStatus(deployment, { newSet, oldSets: sets.filter((set) => set !== newSet) });
      return {};
    }
    const plan = planDeployment(deployment, sets, this.#pods.list(deployment.metadata.namespace));
    const { progress, collisionCount, created, failure } = await this.#apply(deployment, plan);
    const newSet = created ?? plan.newSet;
    const settled = collisionCount === undefined && failure === undefined;
    const current = settled ? await this.#writeRevision(deployment, plan.revision) : deployment;
    const status = await this.#writeStatus(current, { newSet, oldSets: plan.oldSets, progress, collisionCount });
    if (failure !== undefined) throw failure;
    if (isComplete(deployment, status)) await this.#cleanUp(deployment, plan.oldSets);
    const wait = untilDeadline(deployment, status, this.#context.clock.now());
    return wait === undefined ? {} : { requeueAfterMs: wait };
  }

  #selecting(set: ReplicaSet): Deployment[] {
    return this.#deployments
      .list(set.metadata.namespace)
      .filter(({ spec }) => selectorFromLabelSelector(spec.selector).matches(set.metadata.labels));
  }

  async #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const candidates = this.#sets.list(deployment.metadata.namespace);
    const { owned, adopt, release } = planAdoption(
      deployment,
      selectorFromLabelSelector(deployment.spec.selector),
      candidates,
    );
    const patch = (set: ReplicaSet, ownerReferences: unknown[]): Promise<ReplicaSet> => {
      const { name, namespace, uid } = set.metadata;
      return this.#context.client.patch(replicaSets, name, namespace, 'merge', { metadata: { uid, ownerReferences } });
    };
    const adoptable = adopt.length > 0 && (await mayAdopt(this.#context.client, deployments, deployment)) ? adopt : [];
    const adopted = await Promise.all(
      adoptable.map((set) => patch(set, [...(set.metadata.ownerReferences ?? []), controllerReference(deployment)])),
    );
    await Promise.all(
      release.map((set) =>
        patch(
          set,
          (set.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== deployment.metadata.uid),
        ),
      ),
    );
    return [...owned, ...adopted];
  }

  async #apply(deployment: Deployment, plan: DeploymentPlan): Promise<Applied> {
    if (plan.create) return this.#create(deployment, plan.create);
    for (const set of plan.refresh) await this.#context.client.update(replicaSets, set);
    if (plan.refresh.length > 0) return { progress: foundProgress(deployment, plan) };
    const byName = new Map(
      [...plan.oldSets, ...(plan.newSet ? [plan.newSet] : [])].map((set) => [set.metadata.name, set]),
    );
    for (const [name, replicas] of plan.scale) {
      const set = byName.get(name);
      if (set) await this.#scale(deployment, set, replicas);
    }
    return { progress: foundProgress(deployment, plan) };
  }

  async #create(deployment: Deployment, draft: Draft<ReplicaSet>): Promise<Applied> {
    const { client, recorder } = this.#context;
    try {
      const created = await client.create(replicaSets, draft);
      const replicas = created.spec.replicas ?? 0;
      if (replicas > 0)
        recorder.event(
          deployment,
          'Normal',
          'ScalingReplicaSet',
          `Scaled up replica set ${created.metadata.name} from 0 to ${replicas}`,
        );
      return {
        created,
        progress: { reason: 'NewReplicaSetCreated', message: `Created new replica set "${created.metadata.name}"` },
      };
    } catch (error) {
      if (isAlreadyExists(error)) return this.#resolveCollision(deployment, draft);
      // The namespace is being emptied, and this Deployment with it.
      if (isNamespaceTerminating(error)) throw new TerminalError('the namespace is being deleted', { cause: error });
      const why = error instanceof Error ? error.message : String(error);
      const message = `Failed to create new replica set "${draft.metadata.name}": ${why}`;
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      return { progress: { reason: 'ReplicaSetCreateError', message, failed: true }, failure: error };
    }
  }

  /** The name is taken: by our own earlier try (the cache is behind), or by another template with the same hash. */
  async #resolveCollision(deployment: Deployment, draft: Draft<ReplicaSet>): Promise<Applied> {
    const existing = await this.#context.client.get(replicaSets, draft.metadata.name ?? '', draft.metadata.namespace);
    if (isControlledBy(existing, deployment) && sameTemplate(existing.spec.template, deployment.spec.template))
      return { created: existing };
    return { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  }

  async #scale(deployment: Deployment, set: ReplicaSet, replicas: number): Promise<void> {
    const { client, recorder } = this.#context;
    const before = set.spec.replicas ?? 1;
    const desired = deployment.spec.replicas ?? 1;
    const annotations = withReplicaAnnotations(
      set.metadata.annotations ?? {},
      desired,
      desired + rollingBounds(deployment).maxSurge,
    );
    await client.update(replicaSets, {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, replicas },
    });
    if (before === replicas) return;
    const direction = replicas > before ? 'up' : 'down';
    recorder.event(
      deployment,
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
    );
  }

  /** The controller's role allows updates only, as upstream's: each write takes the resourceVersion of the one before. */
  async #writeRevision(deployment: Deployment, revision: bigint): Promise<Deployment> {
    if (revision === 0n || deployment.metadata.annotations?.[revisionAnnotation] === String(revision))
      return deployment;
    const annotations = { ...deployment.metadata.annotations, [revisionAnnotation]: String(revision) };
    return this.#context.client.update(deployments, {
      ...deployment,
      metadata: { ...deployment.metadata, annotations },
    });
  }

  async #writeStatus(
    deployment: Deployment,
    facts: {
      newSet: ReplicaSet | undefined;
      oldSets: ReplicaSet[];
      progress?: Progress | undefined;
      collisionCount?: number | undefined;
    },
  ) {
    const status = deploymentStatus({ deployment, nowMs: this.#context.clock.now(), ...facts });
    if (sameStatus(status, deployment.status)) return status;
    try {
      await this.#context.client.updateStatus(deployments, { ...deployment, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return status;
  }

  async #cleanUp(deployment: Deployment, oldSets: ReplicaSet[]): Promise<void> {
    for (const { metadata } of planCleanup(deployment, oldSets)) {
      try {
        await this.#context.client.delete(replicaSets, metadata.name, metadata.namespace, {
          preconditions: { uid: metadata.uid },
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}

function foundProgress(deployment: Deployment, { newSet }: DeploymentPlan): Progress | undefined {
  const known = deployment.status?.conditions?.some(({ type }) => type === 'Progressing');
  if (known || !newSet) return undefined;
  return { reason: 'FoundNewReplicaSet', message: `Found new replica set "${newSet.metadata.name}"` };
}
