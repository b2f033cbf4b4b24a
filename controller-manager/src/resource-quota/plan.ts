/** status.used of a ResourceQuota: pure. */

import { addAmounts, type ResourceAmounts } from '@kubelab/api/pod/resource-amounts';
import { hasScopes, isPodInScope } from '@kubelab/api/quota/scopes';
import { usageOf } from '@kubelab/api/quota/usage';
import type { PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service } from '@kubelab/api/types';
import type { KubeObject, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { Quantity } from '@kubelab/apimachinery/quantity';

export interface NamespaceObjects {
  pods: readonly Pod[];
  services: readonly Service[];
  claims: readonly PersistentVolumeClaim[];
  /** How many there are, by `count/` name: `count/configmaps`, `count/deployments.apps`. */
  counts: ReadonlyMap<string, number>;
}

/** Core kinds that are also counted under their plain names. */
const plainNames = ['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'];

/** The `count/` names that the quota limits and that have to be counted. */
export function countedNames({ spec }: ResourceQuota): string[] {
  const names = Object.keys(spec?.hard ?? {}).flatMap((name) => {
    if (plainNames.includes(name)) return [`count/${name}`];
    return name.startsWith('count/') ? [name] : [];
  });
  const computed = ['count/pods', 'count/services', 'count/persistentvolumeclaims'];
  return [...new Set(names)].filter((name) => !computed.includes(name));
}

export function quotaStatus(quota: ResourceQuota, objects: NamespaceObjects): ResourceQuotaStatus {
  const hard = quota.spec?.hard ?? {};
  const total: ResourceAmounts = new Map();
  for (const pod of objects.pods) if (isPodInScope(quota, pod)) addAmounts(total, coreUsage('pods', pod));
  // Scopes are about pods: nothing else is in them.
  if (!hasScopes(quota)) {
    for (const service of objects.services) addAmounts(total, coreUsage('services', service));
    for (const claim of objects.claims) addAmounts(total, coreUsage('persistentvolumeclaims', claim));
    for (const [name, count] of objects.counts) {
      total.set(name, Quantity.of(count));
      const plain = name.slice('count/'.length);
      if (plainNames.includes(plain)) total.set(plain, Quantity.of(count));
    }
  }
  const used = Object.keys(hard).map((name) => [name, (total.get(name) ?? Quantity.zero).toString()]);
  return { hard, used: Object.fromEntries(used) };
}

function coreUsage(resource: string, object: KubeObject): ResourceAmounts {
  return usageOf({ group: '', resource }, object as unknown as UnstructuredObject);
}
