/** What objects use of a quota: pure. Counts by the rules that admission charges by. */

import type { Container, PersistentVolumeClaim, Pod, Service } from '@kubelab/api/types';
import { parseQuantity, Quantity } from '@kubelab/apimachinery/quantity';

export type Amounts = Map<string, Quantity>;

const one = Quantity.of(1);

export function addAmounts(into: Amounts, more: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of more) into.set(name, (into.get(name) ?? Quantity.zero).add(quantity));
}

/** A pod that has ended counts as an object only; so does one that should be gone since its grace period ended. */
export function podUsage(pod: Pod): Amounts {
  const usage: Amounts = new Map([['count/pods', one]]);
  const { phase } = pod.status ?? {};
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
  return ['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-');
}

type Side = 'requests' | 'limits';

function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, value]) => [name, parseQuantity(value)]));
}

function raiseTo(into: Amounts, least: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of least) {
    const known = into.get(name);
    if (!known || known.compare(quantity) < 0) into.set(name, quantity);
  }
}

/** Containers and sidecars together, at least what each init container needs beside the sidecars before it, and the overhead. */
export function podAmounts({ spec }: Pod, side: Side): Amounts {
  const of = (container: Container): Amounts => amountsOf(container.resources?.[side]);
  const total: Amounts = new Map();
  for (const container of spec.containers) addAmounts(total, of(container));
  const [sidecars, initial]: [Amounts, Amounts] = [new Map(), new Map()];
  for (const container of spec.initContainers ?? []) {
    const needed = of(container);
    if (container.restartPolicy === 'Always') {
      addAmounts(total, needed);
      addAmounts(sidecars, needed);
      raiseTo(initial, sidecars);
    } else {
      addAmounts(needed, sidecars);
      raiseTo(initial, needed);
    }
  }
  raiseTo(total, initial);
  for (const [name, quantity] of amountsOf(spec.resources?.[side])) total.set(name, quantity);
  for (const [name, quantity] of amountsOf(spec.overhead)) {
    if (side === 'requests' || total.has(name)) total.set(name, (total.get(name) ?? Quantity.zero).add(quantity));
  }
  return total;
}

export function serviceUsage({ spec }: Service): Amounts {
  const usage: Amounts = new Map([
    ['services', one],
    ['count/services', one],
  ]);
  const ports = Quantity.of(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') usage.set('services.nodeports', ports);
  if (spec?.type === 'LoadBalancer') {
    usage.set('services.loadbalancers', one);
    const given = (spec.ports ?? []).filter(({ nodePort }) => nodePort).length;
    usage.set('services.nodeports', spec.allocateLoadBalancerNodePorts === false ? Quantity.of(given) : ports);
  }
  return usage;
}

export function claimUsage({ metadata, spec }: PersistentVolumeClaim): Amounts {
  const storage = parseQuantity(spec?.resources?.requests?.['storage'] ?? '0');
  const usage: Amounts = new Map([
    ['persistentvolumeclaims', one],
    ['count/persistentvolumeclaims', one],
    ['requests.storage', storage],
  ]);
  const storageClass =
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
  if (storageClass !== '') {
    const prefix = `${storageClass}.storageclass.storage.k8s.io`;
    usage.set(`${prefix}/requests.storage`, storage);
    usage.set(`${prefix}/persistentvolumeclaims`, one);
  }
  return usage;
}
