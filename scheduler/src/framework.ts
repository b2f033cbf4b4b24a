/** The contract of scheduling plugins: upstream's framework, as far as plugins need it. Everything here is pure. */

import type { Namespace, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@kubelab/api/types';
import type { NodeInfo } from './snapshot/node-info.js';

/** Why a pod does not fit on a node. */
export interface Rejection {
  /** In upstream's words, counted over nodes in the FailedScheduling event. */
  reasons: string[];
  /** Removing other pods would not help. */
  unresolvable?: boolean;
}

/** What plugins may look at besides the node: one state for the whole decision. */
export interface SchedulingContext {
  readonly pod: Pod;
  readonly nodes: readonly NodeInfo[];
  readonly namespace: (name: string) => Namespace | undefined;
  readonly claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined;
  readonly volume: (name: string) => PersistentVolume | undefined;
  readonly volumes: () => readonly PersistentVolume[];
  readonly storageClass: (name: string) => StorageClass | undefined;
  /** Labels of services and controllers that select the pod, for default spreading. */
  readonly defaultSelectors: readonly { matches(labels: Record<string, string> | undefined): boolean }[];
}

/** Made per pod by {@link Plugin.prepare}: judges nodes one by one. */
export interface NodeJudge {
  /** Undefined: the pod fits. */
  filter?(info: NodeInfo): Rejection | undefined;
  /** Higher is better; any range, see `normalize`. */
  score?(info: NodeInfo): number;
  /** Brings raw scores to 0..100. Absent: they are already. */
  normalize?(scores: Map<string, number>): void;
}

export interface Plugin {
  readonly name: string;
  /** Upstream's default weight of the score. */
  readonly weight: number;
  /** Undefined: nothing to say about this pod. A Rejection: no node can take it. */
  prepare(context: SchedulingContext): NodeJudge | { rejection: Rejection } | undefined;
}

export const maxScore = 100;

/** Scales so that the best is 100; `reverse`: the lowest raw score is best. */
export function normalizeByMax(scores: Map<string, number>, options: { reverse: boolean }): void {
  const max = Math.max(0, ...scores.values());
  for (const [name, score] of scores) {
    const scaled = max === 0 ? 0 : Math.floor((maxScore * score) / max);
    scores.set(name, options.reverse ? maxScore - scaled : scaled);
  }
}
