import { namespaceConditions } from './plan.js';

const byType = (conditions: ReturnType<typeof namespaceConditions>) =>
  Object.fromEntries(conditions.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]));

test('an empty namespace is told in five conditions that all say False', () => {
  const conditions = namespaceConditions([{ resource: 'pods', count: 0, finalizers: [] }], []);
  expect(byType(conditions)).toEqual({
    NamespaceDeletionDiscoveryFailure: 'False ResourcesDiscovered: All resources successfully discovered',
    NamespaceDeletionGroupVersionParsingFailure: 'False ParsedGroupVersions: All legacy kube types successfully parsed',
    NamespaceDeletionContentFailure:
      'False ContentDeleted: All content successfully deleted, may be waiting on finalization',
    NamespaceContentRemaining: 'False ContentRemoved: All content successfully removed',
    NamespaceFinalizersRemaining: 'False ContentHasNoFinalizers: All content-preserving finalizers finished',
  });
});

test('what is left is listed in order, kinds of the core group with upstream’s trailing dot', () => {
  const conditions = byType(
    namespaceConditions(
      [
        { resource: 'pods', count: 2, finalizers: ['a/b', 'a/b'] },
        { resource: 'jobs.batch', count: 1, finalizers: ['orphan'] },
      ],
      [],
    ),
  );
  expect(conditions['NamespaceContentRemaining']).toBe(
    'True SomeResourcesRemain: Some resources are remaining: jobs.batch has 1 resource instances, pods. has 2 resource instances',
  );
  expect(conditions['NamespaceFinalizersRemaining']).toBe(
    'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: a/b in 2 resource instances, orphan in 1 resource instances',
  );
});

test('failures are counted', () => {
  expect(byType(namespaceConditions([], ['b: no', 'a: no']))['NamespaceDeletionContentFailure']).toBe(
    'True ContentDeletionFailed: Failed to delete all resource types, 2 remaining: a: no, b: no',
  );
});
