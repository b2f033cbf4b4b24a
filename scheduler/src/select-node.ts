/** The decision for one pod: pure, from a state of the cluster to a node or to the reasons why there is none. */

import type { NodeJudge, Plugin, Rejection, SchedulingContext } from './framework.js';
import type { NodeInfo } from './snapshot/node-info.js';

export type Decision =
  | { node: string; scores: ReadonlyMap<string, number> }
  | { rejections: ReadonlyMap<string, Rejection>; message: string };

/** `random` in [0, 1) breaks ties between equally good nodes. */
export function selectNode(context: SchedulingContext, plugins: readonly Plugin[], random: () => number): Decision {
  if (context.nodes.length === 0) return { rejections: new Map(), message: 'no nodes available to schedule pods' };
  const judges: { plugin: Plugin; judge: NodeJudge }[] = [];
  for (const plugin of plugins) {
    const judge = plugin.prepare(context);
    if (!judge) continue;
    if ('rejection' in judge) return rejectEverywhere(context, judge.rejection);
    judges.push({ plugin, judge });
  }
  const rejections = new Map<string, Rejection>();
  const feasible: NodeInfo[] = [];
  for (const info of context.nodes) {
    const rejection = filterNode(
      info,
      judges.map(({ judge }) => judge),
    );
    if (rejection) rejections.set(info.node.metadata.name, rejection);
    else feasible.push(info);
  }
  if (feasible.length === 0) return { rejections, message: explain(context.nodes.length, rejections) };
  const scores = scoreNodes(feasible, judges);
  return { node: pickBest(scores, random), scores };
}

export function filterNode(info: NodeInfo, judges: readonly NodeJudge[]): Rejection | undefined {
  for (const judge of judges) {
    const rejection = judge.filter?.(info);
    if (rejection) return rejection;
  }
  return undefined;
}

function rejectEverywhere(context: SchedulingContext, rejection: Rejection): Decision {
  const rejections = new Map(context.nodes.map(({ node }) => [node.metadata.name, rejection]));
  const total = context.nodes.length;
  return { rejections, message: `0/${total} nodes are available: ${rejection.reasons.join(', ')}.` };
}

function scoreNodes(
  feasible: readonly NodeInfo[],
  judges: readonly { plugin: Plugin; judge: NodeJudge }[],
): Map<string, number> {
  const totals = new Map(feasible.map(({ node }) => [node.metadata.name, 0]));
  if (feasible.length === 1) return totals;
  for (const { plugin, judge } of judges) {
    if (!judge.score) continue;
    const scores = new Map<string, number>();
    for (const info of feasible) scores.set(info.node.metadata.name, judge.score(info));
    judge.normalize?.(scores);
    for (const [name, score] of scores) totals.set(name, (totals.get(name) ?? 0) + score * plugin.weight);
  }
  return totals;
}

function pickBest(scores: ReadonlyMap<string, number>, random: () => number): string {
  const best = Math.max(...scores.values());
  const names = [...scores].filter(([, score]) => score === best).map(([name]) => name);
  return names[Math.floor(random() * names.length)] ?? names[0] ?? '';
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function explain(total: number, rejections: ReadonlyMap<string, Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections.values()) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${total} nodes are available: ${parts.join(', ')}.`;
}
