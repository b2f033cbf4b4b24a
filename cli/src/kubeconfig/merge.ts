/** Pure: takes a lab's context into somebody's kubeconfig and out of it again, touching nothing else. */

import type { Kubeconfig } from '@kubelab/client/kubeconfig';

type Entry = { name: string };

/** The lab's cluster, user and context replace those of the same names; its context becomes the current one. */
export function mergeContext(existing: Kubeconfig, lab: Kubeconfig): Kubeconfig {
  return {
    ...existing,
    apiVersion: existing.apiVersion ?? 'v1',
    kind: existing.kind ?? 'Config',
    clusters: replaceEntries(existing.clusters, lab.clusters),
    users: replaceEntries(existing.users, lab.users),
    contexts: replaceEntries(existing.contexts, lab.contexts),
    'current-context': lab['current-context'] ?? existing['current-context'] ?? '',
    preferences: existing.preferences ?? {},
  };
}

/** Without cluster, user and context of this name; a current context of this name becomes none. */
export function removeContext(existing: Kubeconfig, name: string): Kubeconfig {
  const without = <T extends Entry>(entries: T[] | null | undefined): T[] =>
    (entries ?? []).filter((entry) => entry.name !== name);
  return {
    ...existing,
    clusters: without(existing.clusters),
    users: without(existing.users),
    contexts: without(existing.contexts),
    'current-context': existing['current-context'] === name ? '' : (existing['current-context'] ?? ''),
  };
}

export function hasContext(existing: Kubeconfig, name: string): boolean {
  return [existing.clusters, existing.users, existing.contexts].some((entries) =>
    ((entries ?? []) as Entry[]).some((entry) => entry.name === name),
  );
}

/** kubectl writes empty lists as null. */
function replaceEntries<T extends Entry>(existing: T[] | null | undefined, added: T[] | undefined): T[] {
  const names = new Set((added ?? []).map((entry) => entry.name));
  return [...(existing ?? []).filter((entry) => !names.has(entry.name)), ...(added ?? [])];
}
