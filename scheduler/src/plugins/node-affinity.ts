import { normalizeByMax, type Plugin } from '../framework.js';
import { matchesTerm } from './node-selector.js';

/** spec.nodeSelector and spec.affinity.nodeAffinity. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepare({ pod }) {
    const selector = Object.entries(pod.spec.nodeSelector ?? {});
    const affinity = pod.spec.affinity?.nodeAffinity;
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (selector.length === 0 && !required && preferred.length === 0) return undefined;
    return {
      filter: ({ node }) => {
        const labels = node.metadata.labels ?? {};
        const fits =
          selector.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
          (required === undefined || required.some((term) => matchesTerm(term, node)));
        return fits
          ? undefined
          : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true };
      },
      score: ({ node }) =>
        preferred.reduce((sum, { weight, preference }) => (matchesTerm(preference, node) ? sum + weight : sum), 0),
      normalize: (scores) => normalizeByMax(scores, { reverse: false }),
    };
  },
};
