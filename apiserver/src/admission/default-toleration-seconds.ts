/** Pods stay on a node that is not ready or unreachable for a while, unless they say otherwise. */

import type { Pod, Toleration } from '@kubelab/api/types';
import type { AdmissionPlugin } from '../contracts.js';
import { isMain } from './refusal.js';

export interface DefaultTolerationSecondsOptions {
  /** --default-not-ready-toleration-seconds: 300. */
  notReadySeconds: number;
  /** --default-unreachable-toleration-seconds: 300. */
  unreachableSeconds: number;
}

export function createDefaultTolerationSeconds(options: DefaultTolerationSecondsOptions): AdmissionPlugin {
  const defaults: [string, number][] = [
    ['node.kubernetes.io/not-ready', options.notReadySeconds],
    ['node.kubernetes.io/unreachable', options.unreachableSeconds],
  ];
  return {
    name: 'DefaultTolerationSeconds',
    admit(request) {
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
      if (!isMain(request, '', 'pods') || !request.object) return;
      const pod = request.object as unknown as Pod;
      for (const [key, tolerationSeconds] of defaults) {
        const tolerations = pod.spec.tolerations ?? [];
        if (tolerations.some((toleration) => covers(toleration, key))) continue;
        pod.spec.tolerations = [...tolerations, { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }];
      }
    },
  };
}

function covers(toleration: Toleration, key: string): boolean {
  const sameKey = !toleration.key || toleration.key === key;
  return sameKey && (!toleration.effect || toleration.effect === 'NoExecute');
}
