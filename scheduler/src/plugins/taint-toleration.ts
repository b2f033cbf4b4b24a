import { tolerates } from '@kubelab/api/pod/tolerations';
import type { Taint } from '@kubelab/api/types';
import { normalizeByMax, type Plugin } from '../framework.js';

/** Taints repel pods that do not tolerate them; PreferNoSchedule only weighs. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  prepare({ pod }) {
    const tolerations = pod.spec.tolerations ?? [];
    const preferring = tolerations.filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    const untolerated = (taints: Taint[] | undefined, effects: string[], by = tolerations): Taint[] =>
      (taints ?? []).filter(
        (taint) => effects.includes(taint.effect) && !by.some((toleration) => tolerates(toleration, taint)),
      );
    return {
      filter: ({ node }) => {
        const [taint] = untolerated(node.spec.taints, ['NoSchedule', 'NoExecute']);
        if (!taint) return undefined;
        return { reasons: [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`], unresolvable: true };
      },
      score: ({ node }) => untolerated(node.spec.taints, ['PreferNoSchedule'], preferring).length,
      normalize: (scores) => normalizeByMax(scores, { reverse: true }),
    };
  },
};
