/** What a namespace says while it is emptied: upstream's deletion conditions. Pure. */

export interface Leftover {
  /** `pods` or `deployments.apps`. */
  resource: string;
  count: number;
  finalizers: string[];
}

/** Upstream writes RESOURCE.GROUP, so kinds of the core group end with the dot. */
function describe({ resource, count }: Leftover): string {
  return `${resource.includes('.') ? resource : `${resource}.`} has ${count} resource instances`;
}

export interface DeletionCondition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

export function namespaceConditions(leftovers: readonly Leftover[], failures: readonly string[]): DeletionCondition[] {
  const remaining = leftovers.filter(({ count }) => count > 0).sort((a, b) => (a.resource < b.resource ? -1 : 1));
  const finalizers = new Map<string, number>();
  for (const name of remaining.flatMap((leftover) => leftover.finalizers))
    finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  return [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      false,
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    failures.length > 0
      ? condition(
          'NamespaceDeletionContentFailure',
          true,
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
        )
      : condition(
          'NamespaceDeletionContentFailure',
          false,
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ),
    remaining.length > 0
      ? condition(
          'NamespaceContentRemaining',
          true,
          'SomeResourcesRemain',
          `Some resources are remaining: ${remaining.map(describe).join(', ')}`,
        )
      : condition('NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed'),
    finalizers.size > 0
      ? condition(
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${[...finalizers]
            .sort()
            .map(([name, count]) => `${name} in ${count} resource instances`)
            .join(', ')}`,
        )
      : condition(
          'NamespaceFinalizersRemaining',
          false,
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ),
  ];
}

function condition(type: string, isTrue: boolean, reason: string, message: string): DeletionCondition {
  return { type, status: isTrue ? 'True' : 'False', reason, message };
}
