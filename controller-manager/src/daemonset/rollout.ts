/** The next step of a DaemonSet's rolling update: pure. */

import type { DaemonSet, Node, Pod } from '@kubelab/api/types';
import { scaledValue } from '@kubelab/apimachinery/int-or-string';
import { isPodAvailable } from '../pods/pod-state.js';
import { nodeFit } from './node-fit.js';
import { groupByNode } from './node-pods.js';
import { isUpdated } from './pod-template.js';

export interface RolloutPlan {
  /** Names of nodes that get a new pod beside the old one. */
  create: string[];
  delete: Pod[];
}

/** Percentages of the nodes that should have a pod, both rounded up; both zero would never move. */
export function rolloutBounds({ spec }: DaemonSet, desired: number): { maxSurge: number; maxUnavailable: number } {
  if (spec.updateStrategy?.type === 'OnDelete') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  const bounds = {
    maxSurge: scaledValue(maxSurge, { total: desired, round: 'up' }),
    maxUnavailable: scaledValue(maxUnavailable, { total: desired, round: 'up' }),
  };
  return bounds.maxSurge === 0 && bounds.maxUnavailable === 0 ? { maxSurge: 0, maxUnavailable: 1 } : bounds;
}

export interface RolloutFacts {
  daemonSet: DaemonSet;
  nodes: readonly Node[];
  pods: readonly Pod[];
  hash: string;
  nowMs: number;
}

export function planRollout(facts: RolloutFacts): RolloutPlan {
  const { daemonSet, nodes, pods } = facts;
  if (daemonSet.spec.updateStrategy?.type === 'OnDelete') return { create: [], delete: [] };
  const onNodes = groupByNode(pods);
  const desired = nodes.filter((node) => nodeFit(daemonSet, node).run);
  // A node that should have a pod and has none is unavailable, too.
  for (const { metadata } of desired) if (!onNodes.has(metadata.name)) onNodes.set(metadata.name, []);
  const { maxSurge, maxUnavailable } = rolloutBounds(daemonSet, desired.length);
  return maxSurge === 0 ? replace(facts, onNodes, maxUnavailable) : surge(facts, onNodes, maxSurge);
}

type Pair = { fresh: Pod | undefined; old: Pod | undefined };

/** Undefined when there is more than one of a sort: that is cleaned up first. */
function pairOn(pods: readonly Pod[], hash: string): Pair | undefined {
  const living = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const fresh = living.filter((pod) => isUpdated(pod, hash));
  const old = living.filter((pod) => !isUpdated(pod, hash));
  return fresh.length > 1 || old.length > 1 ? undefined : { fresh: fresh[0], old: old[0] };
}

function replace(facts: RolloutFacts, onNodes: ReadonlyMap<string, Pod[]>, maxUnavailable: number): RolloutPlan {
  const isAvailable = availability(facts);
  let unavailable = 0;
  const [free, candidates]: [Pod[], Pod[]] = [[], []];
  for (const pods of onNodes.values()) {
    const pair = pairOn(pods, facts.hash);
    if (!pair || Boolean(pair.fresh) === Boolean(pair.old)) unavailable++;
    else if (pair.fresh) unavailable += isAvailable(pair.fresh) ? 0 : 1;
    else if (pair.old && !isAvailable(pair.old)) {
      // Nobody would miss it.
      free.push(pair.old);
      unavailable++;
    } else if (pair.old) candidates.push(pair.old);
  }
  return { create: [], delete: [...free, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

function surge(facts: RolloutFacts, onNodes: ReadonlyMap<string, Pod[]>, maxSurge: number): RolloutPlan {
  const isAvailable = availability(facts);
  let surging = 0;
  const [free, candidates]: [string[], string[]] = [[], []];
  const plan: RolloutPlan = { create: [], delete: [] };
  for (const [node, pods] of onNodes) {
    const pair = pairOn(pods, facts.hash);
    if (!pair) surging++;
    else if (!pair.old) continue;
    else if (!pair.fresh) (isAvailable(pair.old) ? candidates : free).push(node);
    else if (isAvailable(pair.fresh)) plan.delete.push(pair.old);
    else surging++;
  }
  plan.create = [...free, ...candidates.slice(0, Math.max(0, maxSurge - surging))];
  return plan;
}

function availability({ daemonSet, nowMs }: RolloutFacts): (pod: Pod) => boolean {
  return (pod) => isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, nowMs);
}
