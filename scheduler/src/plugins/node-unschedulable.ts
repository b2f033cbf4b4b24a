import { tolerates } from '@kubelab/api/pod/tolerations';
import type { Plugin } from '../framework.js';

/** Nodes that were cordoned take no new pods. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  weight: 0,
  prepare({ pod }) {
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    const tolerated = (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint));
    if (tolerated) return undefined;
    return {
      filter: ({ node }) =>
        node.spec.unschedulable ? { reasons: ['node(s) were unschedulable'], unresolvable: true } : undefined,
    };
  },
};
