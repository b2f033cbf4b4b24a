/** A new node is not ready until its kubelet says so: TaintNodesByCondition. */

import type { Node } from '@kubelab/api/types';
import type { AdmissionPlugin } from '../contracts.js';
import { isMain } from './refusal.js';

const key = 'node.kubernetes.io/not-ready';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(request) {
    if (request.operation !== 'CREATE' || !isMain(request, '', 'nodes') || !request.object) return;
    const node = request.object as unknown as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule')) return;
    node.spec.taints = [...taints, { key, effect: 'NoSchedule' }];
  },
};
