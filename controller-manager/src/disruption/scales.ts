/** How many pods the controllers of pods want: the built-in ones from the caches, others through their scale subresource. */

import { deployments, replicaSets, replicationControllers, statefulSets } from '@kubelab/api/resource-types';
import type { Pod } from '@kubelab/api/types';
import {
  controllerOf,
  formatGroupResource,
  type KubeObject,
  type OwnerReference,
  parseApiVersion,
} from '@kubelab/apimachinery/meta';
import { discoverResources } from '@kubelab/client/discovery';
import { resourcePath } from '@kubelab/client/rest-client';
import type { ManagerContext } from '../manager/context.js';
import type { ExpectedScale } from './plan.js';

interface Scalable extends KubeObject {
  spec?: { replicas?: number };
}

export class ControllerScales {
  readonly #context: ManagerContext;
  readonly #builtIn: ReadonlyMap<string, { get(key: string): Scalable | undefined }>;

  constructor(context: ManagerContext) {
    const { informers } = context;
    this.#context = context;
    this.#builtIn = new Map<string, { get(key: string): Scalable | undefined }>([
      ['apps/ReplicaSet', informers.of(replicaSets)],
      ['apps/Deployment', informers.of(deployments)],
      ['apps/StatefulSet', informers.of(statefulSets)],
      ['/ReplicationController', informers.of(replicationControllers)],
    ]);
  }

  /** Each controller once; pods without one are left out and returned beside. Throws an Error when a controller has no scale. */
  async of(pods: readonly Pod[]): Promise<{ scales: ExpectedScale[]; unmanaged: Pod[] }> {
    const scales = new Map<string, ExpectedScale>();
    const unmanaged: Pod[] = [];
    const asked = new Set<string>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (!owner) unmanaged.push(pod);
      if (!owner || asked.has(owner.uid)) continue;
      asked.add(owner.uid);
      const scale = await this.#scaleOf(pod, owner);
      scales.set(scale.uid, scale);
    }
    return { scales: [...scales.values()], unmanaged };
  }

  async #scaleOf(pod: Pod, owner: OwnerReference): Promise<ExpectedScale> {
    const { namespace = '' } = pod.metadata;
    const found = this.#find(owner, namespace);
    if (!found) return this.#askScale(pod, owner, namespace);
    // A Deployment's ReplicaSets come and go; what counts is the Deployment.
    const above = controllerOf(found);
    const top = (above?.kind === 'Deployment' && this.#find(above, namespace)) || found;
    return { uid: top.metadata.uid, replicas: top.spec?.replicas ?? 1 };
  }

  #find(owner: OwnerReference, namespace: string): Scalable | undefined {
    const { group } = parseApiVersion(owner.apiVersion);
    const found = this.#builtIn.get(`${group}/${owner.kind}`)?.get(`${namespace}/${owner.name}`);
    return found?.metadata.uid === owner.uid ? found : undefined;
  }

  async #askScale(pod: Pod, owner: OwnerReference, namespace: string): Promise<ExpectedScale> {
    const { client } = this.#context;
    const { group } = parseApiVersion(owner.apiVersion);
    const type = (await discoverResources(client)).find((item) => item.group === group && item.kind === owner.kind);
    if (!type) throw new Error(`found no controller ref for pod "${pod.metadata.name}"`);
    const { code, body } = await client.raw('GET', resourcePath(type, namespace, owner.name, 'scale'));
    const scale = code === 200 ? (JSON.parse(body) as Scalable) : undefined;
    if (!scale) {
      if (await this.#isGone(type, owner, namespace))
        throw new Error(`found no controller ref for pod "${pod.metadata.name}"`);
      const resource = formatGroupResource({ group: type.group, resource: type.plural });
      throw new Error(`${resource} does not implement the scale subresource`);
    }
    return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
  }

  async #isGone(type: Parameters<typeof resourcePath>[0], owner: OwnerReference, namespace: string): Promise<boolean> {
    const { code } = await this.#context.client.raw('GET', resourcePath(type, namespace, owner.name));
    return code === 404;
  }
}
