/**
 * What the node has promised each pod, which is not what the pod asks for while a resize waits. Promises made at admission need not be kept on disk:
 * containers carry what they were made with. Those made by a resize are, before anything is changed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, ResourceRequirements } from '@kubelab/api/types';
import type { CheckpointFile } from '../checkpoint/checkpoint-file.js';
import { resourcesAnnotation } from '../runtime/labels.js';
import { findContainer, type PodState } from '../runtime/pod-state.js';
import { isSidecar } from './pod.js';

type ByName = Record<string, ResourceRequirements>;

interface ResizedPod {
  /** By container name. */
  allocated: ByName;
  /** By container id: what the runtime was told after the container was made. */
  actuated: ByName;
}

export type AllocationData = Record<string, ResizedPod>;

export class Allocations {
  readonly #file: Pick<CheckpointFile<AllocationData>, 'read' | 'write'>;
  readonly #resized = new Map<string, ResizedPod>();
  readonly #admitted = new Map<string, ByName>();

  constructor(file: Pick<CheckpointFile<AllocationData>, 'read' | 'write'>) {
    this.#file = file;
  }

  /** Before any pod is looked at. */
  async load(): Promise<void> {
    for (const [uid, pod] of Object.entries((await this.#file.read()) ?? {})) this.#resized.set(uid, pod);
  }

  /** The pod takes its place with what it asks for now. */
  admit(pod: Pod): void {
    this.#admitted.set(pod.metadata.uid, resourcesByName(pod));
  }

  /** The pod with the resources that it may have; the very same object when those are what it asks for. */
  promised(pod: Pod, state: PodState): Pod {
    const { uid } = pod.metadata;
    return withResources(pod, (name) => {
      const made = findContainer(state, name)?.annotations[resourcesAnnotation];
      const resized = this.#resized.get(uid)?.allocated[name];
      return resized ?? (made ? (JSON.parse(made) as ResourceRequirements) : this.#admitted.get(uid)?.[name]);
    });
  }

  /** The node promises what the pod asks for now. On disk when it resolves. */
  async allocate(pod: Pod): Promise<void> {
    const entry = this.#resized.get(pod.metadata.uid);
    this.#resized.set(pod.metadata.uid, { allocated: resourcesByName(pod), actuated: entry?.actuated ?? {} });
    await this.#save();
  }

  /** By container id, beyond what containers were made with. */
  actuated(uid: string): ReadonlyMap<string, ResourceRequirements> {
    return new Map(Object.entries(this.#resized.get(uid)?.actuated ?? {}));
  }

  /** The runtime has given a container what it was promised. On disk when it resolves. */
  async noteActuated(uid: string, containerId: string, resources: ResourceRequirements): Promise<void> {
    const entry = this.#resized.get(uid);
    if (!entry) return;
    this.#resized.set(uid, { ...entry, actuated: { ...entry.actuated, [containerId]: structuredClone(resources) } });
    await this.#save();
  }

  async forget(uid: string): Promise<void> {
    this.#admitted.delete(uid);
    if (this.#resized.delete(uid)) await this.#save();
  }

  #save(): Promise<void> {
    return this.#file.write(Object.fromEntries(this.#resized));
  }
}

/** Throws an Error for anything that save() did not write. */
export function parseAllocations(data: unknown): AllocationData {
  if (typeof data !== 'object' || data === null) throw new Error('allocations are no object');
  for (const entry of Object.values(data)) {
    const { allocated, actuated } = (entry ?? {}) as Partial<ResizedPod>;
    if (typeof allocated !== 'object' || typeof actuated !== 'object') throw new Error('an allocation is incomplete');
  }
  return data as AllocationData;
}

/** Those whose resources may change while they run. */
export function resizableContainers(pod: Pod): Container[] {
  return [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
}

function resourcesByName(pod: Pod): ByName {
  return Object.fromEntries(
    resizableContainers(pod).map(({ name, resources = {} }) => [name, structuredClone(resources)]),
  );
}

function withResources(pod: Pod, of: (name: string) => ResourceRequirements | undefined): Pod {
  let changed = false;
  const replaced = (container: Container): Container => {
    const resources = of(container.name);
    if (resources === undefined || isDeepStrictEqual(resources, container.resources ?? {})) return container;
    changed = true;
    return { ...container, resources };
  };
  const containers = pod.spec.containers.map(replaced);
  const initContainers = pod.spec.initContainers?.map((item) => (isSidecar(item) ? replaced(item) : item));
  if (!changed) return pod;
  return { ...pod, spec: { ...pod.spec, containers, ...(initContainers ? { initContainers } : {}) } };
}
