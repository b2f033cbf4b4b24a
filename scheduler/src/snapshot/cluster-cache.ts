/**
 * The scheduler's picture of the cluster: nodes with their pods, fed by informers, plus pods that were just given a node but whose binding
 * the API has not shown yet ("assumed"), so that the next pod is placed as if they were there.
 */

import type { Node, Pod } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { createNodeInfo, type NodeInfo, withoutPod, withPod } from './node-info.js';

export class ClusterCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods by node, also of nodes that are not known (yet). */
  readonly #pods = new Map<string, { pod: Pod; nodeName: string }>();
  readonly #assumed = new Set<string>();

  setNode(node: Node): void {
    const { name } = node.metadata;
    const pods =
      this.#nodes.get(name)?.pods ??
      [...this.#pods.values()].filter((entry) => entry.nodeName === name).map((entry) => entry.pod);
    this.#nodes.set(name, createNodeInfo(node, pods));
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  /** A pod the API shows with a node; confirms or corrects what was assumed. */
  setPod(pod: Pod): void {
    this.#assumed.delete(objectKey(pod));
    this.#place(pod, pod.spec.nodeName ?? '');
  }

  assumePod(pod: Pod, nodeName: string): void {
    this.#place(pod, nodeName);
    this.#assumed.add(objectKey(pod));
  }

  /** Binding failed: the pod takes no room after all. */
  forgetPod(pod: Pod): void {
    if (this.#assumed.delete(objectKey(pod))) this.removePod(pod);
  }

  isAssumed(key: string): boolean {
    return this.#assumed.has(key);
  }

  removePod(pod: Pod): void {
    const key = objectKey(pod);
    const entry = this.#pods.get(key);
    if (!entry) return;
    this.#pods.delete(key);
    this.#assumed.delete(key);
    const info = this.#nodes.get(entry.nodeName);
    if (info) this.#nodes.set(entry.nodeName, withoutPod(info, entry.pod));
  }

  /** The nodes as they are now; later changes do not show in it. */
  snapshot(): NodeInfo[] {
    return [...this.#nodes.values()];
  }

  #place(pod: Pod, nodeName: string): void {
    this.removePod(pod);
    this.#pods.set(objectKey(pod), { pod, nodeName });
    const info = this.#nodes.get(nodeName);
    if (info) this.#nodes.set(nodeName, withPod(info, pod));
  }
}
