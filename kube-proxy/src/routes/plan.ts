/** Which routes a node needs to reach the pods of the others: one per node, through that node's address. Pure. */

import type { Node } from '@kubelab/api/types';

export interface Route {
  destination: string;
  gateway: string;
}

export function planRoutes(nodes: readonly Node[], ownName: string): Route[] {
  return nodes.flatMap((node) => {
    if (node.metadata.name === ownName) return [];
    const gateway = node.status?.addresses?.find((address) => address.type === 'InternalIP')?.address;
    const destination = node.spec.podCIDR;
    return gateway && destination ? [{ destination, gateway }] : [];
  });
}

/** What to change so that the kernel has exactly `wanted` among the routes that are ours. */
export function diffRoutes(wanted: readonly Route[], present: readonly Route[]): { replace: Route[]; remove: Route[] } {
  const same = (a: Route, b: Route): boolean => a.destination === b.destination && a.gateway === b.gateway;
  return {
    replace: wanted.filter((route) => !present.some((other) => same(route, other))),
    remove: present.filter((route) => !wanted.some((other) => other.destination === route.destination)),
  };
}
