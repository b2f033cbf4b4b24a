/** Which node may read which object, because one of its pods needs it; kept current with the stored pods and volumes. */

import type { PersistentVolume, Pod } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { ObjectAccess } from '../../contracts.js';
import { referencesOf } from './pod-references.js';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const podsResource = { group: '', resource: 'pods' };
const volumesResource = { group: '', resource: 'persistentvolumes' };
const attachmentsResource = { group: 'storage.k8s.io', resource: 'volumeattachments' };

export type VertexKind = 'pod' | 'secret' | 'configmap' | 'pvc' | 'serviceaccount';

interface PodEntry {
  nodeName: string;
  uid: string;
  vertices: readonly string[];
}

function vertex(kind: VertexKind, namespace: string, name: string): string {
  return `${kind}:${namespace}/${name}`;
}

export class NodeGraph {
  readonly #pods = new Map<string, PodEntry>();
  /** Vertex, node, number of the node's pods that need it. */
  readonly #users = new Map<string, Map<string, number>>();
  /** Secrets that a volume needs, per volume and the other way round. */
  readonly #secretsOfVolume = new Map<string, string[]>();
  readonly #volumesOfSecret = new Map<string, Set<string>>();

  constructor(private readonly objects: ObjectAccess) {}

  /** Follows the stored objects from now on, starting with what the cache holds. Returns the function that ends it. */
  start(): () => void {
    const ends = [
      this.objects.onChange(podsResource, (type, object) => this.#applyPod(type, object)),
      this.objects.onChange(volumesResource, (type, object) => this.#applyVolume(type, object)),
    ];
    this.load();
    return () => {
      for (const end of ends) end();
    };
  }

  /** Takes in everything that the cache holds; harmless at any time. */
  load(): void {
    for (const pod of this.objects.peekAll(podsResource)) this.#applyPod('ADDED', pod);
    for (const volume of this.objects.peekAll(volumesResource)) this.#applyVolume('ADDED', volume);
  }

  isRelated(nodeName: string, kind: VertexKind, namespace: string, name: string): boolean {
    if (this.#users.get(vertex(kind, namespace, name))?.has(nodeName)) return true;
    if (kind !== 'secret') return false;
    const volumes = this.#volumesOfSecret.get(`${namespace}/${name}`) ?? [];
    return [...volumes].some((volume) => this.isVolumeRelated(nodeName, volume));
  }

  /** A PersistentVolume belongs to the nodes of the pods that use its claim. */
  isVolumeRelated(nodeName: string, name: string): boolean {
    const claim = this.objects.peek<PersistentVolume>(volumesResource, undefined, name)?.spec?.claimRef;
    return claim !== undefined && this.isRelated(nodeName, 'pvc', claim.namespace ?? '', claim.name ?? '');
  }

  isAttachmentRelated(nodeName: string, name: string): boolean {
    const attachment = this.objects.peek<{ spec?: { nodeName?: string } }>(attachmentsResource, undefined, name);
    return attachment?.spec?.nodeName === nodeName;
  }

  #applyPod(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: UnstructuredObject): void {
    const pod = object as unknown as Pod;
    const { namespace = '', name, uid } = pod.metadata;
    const key = `${namespace}/${name}`;
    const nodeName = type === 'DELETED' ? '' : (pod.spec?.nodeName ?? '');
    const known = this.#pods.get(key);
    const ephemeral = (pod.spec?.ephemeralContainers ?? []).length > 0;
    // Pods change their status all the time and their references hardly ever.
    if (known && known.nodeName === nodeName && known.uid === uid && !ephemeral) return;
    if (known) this.#forget(key, known);
    if (nodeName !== '') this.#remember(key, { nodeName, uid, vertices: verticesOf(pod, namespace) });
  }

  #remember(key: string, entry: PodEntry): void {
    this.#pods.set(key, entry);
    for (const id of entry.vertices) {
      const nodes = this.#users.get(id) ?? new Map<string, number>();
      this.#users.set(id, nodes);
      nodes.set(entry.nodeName, (nodes.get(entry.nodeName) ?? 0) + 1);
    }
  }

  #forget(key: string, entry: PodEntry): void {
    this.#pods.delete(key);
    for (const id of entry.vertices) {
      const nodes = this.#users.get(id);
      if (!nodes) continue;
      const left = (nodes.get(entry.nodeName) ?? 1) - 1;
      if (left > 0) nodes.set(entry.nodeName, left);
      else nodes.delete(entry.nodeName);
      if (nodes.size === 0) this.#users.delete(id);
    }
  }

  #applyVolume(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: UnstructuredObject): void {
    const volume = object as unknown as PersistentVolume;
    const { name } = volume.metadata;
    for (const secret of this.#secretsOfVolume.get(name) ?? []) this.#volumesOfSecret.get(secret)?.delete(name);
    const secrets = type === 'DELETED' ? [] : secretsOf(volume);
    if (secrets.length === 0) {
      this.#secretsOfVolume.delete(name);
      return;
    }
    this.#secretsOfVolume.set(name, secrets);
    for (const secret of secrets) {
      const volumes = this.#volumesOfSecret.get(secret) ?? new Set<string>();
      this.#volumesOfSecret.set(secret, volumes.add(name));
    }
  }
}

function verticesOf(pod: Pod, namespace: string): string[] {
  const vertices = [vertex('pod', namespace, pod.metadata.name)];
  // A mirror pod may refer to nothing; what it says must not open anything to its node.
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return vertices;
  const references = referencesOf(pod);
  for (const name of references.secrets) vertices.push(vertex('secret', namespace, name));
  for (const name of references.configMaps) vertices.push(vertex('configmap', namespace, name));
  for (const name of references.claims) vertices.push(vertex('pvc', namespace, name));
  if (references.serviceAccount) vertices.push(vertex('serviceaccount', namespace, references.serviceAccount));
  return vertices;
}

function secretsOf(volume: PersistentVolume): string[] {
  const { spec } = volume;
  const fallback = spec?.claimRef?.namespace ?? '';
  const references: ({ namespace?: string; name?: string } | undefined)[] = [
    spec?.csi?.nodePublishSecretRef,
    spec?.csi?.nodeStageSecretRef,
    spec?.csi?.controllerPublishSecretRef,
    spec?.csi?.nodeExpandSecretRef,
    spec?.cephfs?.secretRef,
    spec?.cinder?.secretRef,
    spec?.flexVolume?.secretRef,
    spec?.iscsi?.secretRef,
    spec?.rbd?.secretRef,
    spec?.scaleIO?.secretRef,
    spec?.storageos?.secretRef,
    spec?.azureFile && { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace ?? fallback },
  ];
  return references.flatMap((reference) =>
    reference?.name ? [`${reference.namespace ?? fallback}/${reference.name}`] : [],
  );
}
