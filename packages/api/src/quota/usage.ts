/** What an object counts for in quotas: admission charges by these rules and the quota controller counts by them. Pure. */

import { formatGroupResource, type GroupResource, type UnstructuredObject } from '@kubelab/apimachinery/meta';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';
import { addAmounts, podAmounts, type ResourceAmounts } from '../pod/resource-amounts.js';
import type { PersistentVolumeClaim, Pod, Service } from '../types.js';

const one = Quantity.of(1);
const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class';
/** Counted under their plain names, besides `count/NAME`. */
const plainlyCounted = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);

export function usageOf(resource: GroupResource, object: UnstructuredObject): ResourceAmounts {
  if (resource.group === '' && resource.resource === 'pods') return podUsage(object as unknown as Pod);
  const usage: ResourceAmounts = new Map([[`count/${formatGroupResource(resource)}`, one]]);
  if (resource.group !== '') return usage;
  if (plainlyCounted.has(resource.resource)) usage.set(resource.resource, one);
  if (resource.resource === 'services') addAmounts(usage, serviceUsage(object as unknown as Service));
  if (resource.resource === 'persistentvolumeclaims') {
    addAmounts(usage, claimUsage(object as unknown as PersistentVolumeClaim));
  }
  return usage;
}

/** A pod that has ended counts as an object only. */
function podUsage(pod: Pod): ResourceAmounts {
  const usage: ResourceAmounts = new Map([['count/pods', one]]);
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return usage;
  usage.set('pods', one);
  for (const [name, quantity] of podAmounts(pod, 'requests')) {
    usage.set(`requests.${name}`, quantity);
    if (isPlainlyNamed(name)) usage.set(name, quantity);
  }
  for (const [name, quantity] of podAmounts(pod, 'limits')) usage.set(`limits.${name}`, quantity);
  return usage;
}

function isPlainlyNamed(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');
}

function serviceUsage({ spec }: Service): ResourceAmounts {
  const usage: ResourceAmounts = new Map();
  const ports = Quantity.of(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') usage.set('services.nodeports', ports);
  if (spec?.type === 'LoadBalancer') {
    usage.set('services.loadbalancers', one);
    const given = (spec.ports ?? []).filter((port) => port.nodePort).length;
    usage.set('services.nodeports', spec.allocateLoadBalancerNodePorts === false ? Quantity.of(given) : ports);
  }
  return usage;
}

function claimUsage(claim: PersistentVolumeClaim): ResourceAmounts {
  const usage: ResourceAmounts = new Map();
  const storage = parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0');
  usage.set('requests.storage', storage);
  const name = claim.metadata.annotations?.[oldClassAnnotation] ?? claim.spec?.storageClassName ?? '';
  if (name !== '') {
    const prefix = `${name}.storageclass.storage.k8s.io`;
    usage.set(`${prefix}/requests.storage`, storage);
    usage.set(`${prefix}/persistentvolumeclaims`, one);
  }
  return usage;
}
