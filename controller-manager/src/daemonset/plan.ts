/** Which nodes lack a daemon's pod and which pods must go: pure. */

import type { DaemonSet, Node, Pod } from '@kubelab/api/types';
import { isPodAvailable, isPodReady } from '../pods/pod-state.js';
import { nodeFit } from './node-fit.js';
import { byAge, groupByNode } from './node-pods.js';
import { isUpdated } from './pod-template.js';
import { rolloutBounds } from './rollout.js';

export interface DaemonPlan {
  /** Names of nodes. */
  create: string[];
  delete: Pod[];
  /** Pods that ended: they are replaced, those that failed with back-off. */
  ended: { pod: Pod; node: string }[];
}

/** No more than this many pods are created or deleted in one round. */
export const burst = 250;

export interface DaemonFacts {
  daemonSet: DaemonSet;
  nodes: readonly Node[];
  /** Its own, of all nodes. */
  pods: readonly Pod[];
  hash: string;
  nowMs: number;
}

export function planDaemons(facts: DaemonFacts): DaemonPlan {
  const { daemonSet, nodes, pods } = facts;
  const onNodes = groupByNode(pods);
  const plan: DaemonPlan = { create: [], delete: [], ended: [] };
  for (const node of nodes) {
    const here = onNodes.get(node.metadata.name) ?? [];
    const { run, keep } = nodeFit(daemonSet, node);
    if (run && here.length === 0) plan.create.push(node.metadata.name);
    else if (keep) planNode(facts, node.metadata.name, here, plan);
    else plan.delete.push(...here.filter((pod) => !pod.metadata.deletionTimestamp));
  }
  plan.delete.push(...withoutNode(pods, nodes, onNodes));
  return plan;
}

function planNode(facts: DaemonFacts, node: string, here: readonly Pod[], plan: DaemonPlan): void {
  const living = here.filter(({ metadata }) => !metadata.deletionTimestamp);
  const running: Pod[] = [];
  for (const pod of living) {
    const { phase } = pod.status ?? {};
    if (phase === 'Failed' || phase === 'Succeeded') plan.ended.push({ pod, node });
    else running.push(pod);
  }
  running.sort(byAge);
  const surging = rolloutBounds(facts.daemonSet, 1).maxSurge > 0;
  if (!surging) plan.delete.push(...running.slice(1));
  else plan.delete.push(...surplusOfSurge(facts, running));
}

/** While surging one old and one new pod may share a node, the old one until the new one is available. */
function surplusOfSurge({ daemonSet, hash, nowMs }: DaemonFacts, running: readonly Pod[]): Pod[] {
  if (running.length <= 1) return [];
  const fresh = running.find((pod) => isUpdated(pod, hash));
  const old = running.find((pod) => !isUpdated(pod, hash));
  const surplus = running.filter((pod) => pod !== fresh && pod !== old);
  if (!fresh || !old) return surplus;
  const replaced = isPodAvailable(fresh, daemonSet.spec.minReadySeconds ?? 0, nowMs);
  return replaced || !isPodReady(old) ? [...surplus, old] : surplus;
}

/** Pods that wait for a node that is gone. Those that ran on it are the pod garbage collector's. */
function withoutNode(pods: readonly Pod[], nodes: readonly Node[], onNodes: ReadonlyMap<string, Pod[]>): Pod[] {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const waiting = new Set(pods.filter(({ spec, metadata }) => !spec.nodeName && !metadata.deletionTimestamp));
  return [...onNodes]
    .filter(([name]) => !names.has(name))
    .flatMap(([, here]) => here.filter((pod) => waiting.has(pod)));
}
