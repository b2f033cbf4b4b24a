import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '@kubelab/api/types';
import { withNames } from './naming.js';

const now = '2024-05-01T12:00:00Z';

function definition(names: Partial<CustomResourceDefinitionNames>, rest: object = {}): CustomResourceDefinition {
  const kind = names.kind ?? 'Widget';
  const plural = names.plural ?? `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com`, uid: 'u', resourceVersion: '1', creationTimestamp: now },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
      versions: [],
    },
    ...rest,
  };
}

const conditionsOf = ({ status }: CustomResourceDefinition): Record<string, string> =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, reason = '' }) => [type, reason]));

it('gives the names that are free, once', () => {
  const named = withNames(definition({ shortNames: ['w'], categories: ['all'] }), [], now);
  expect(named.status?.acceptedNames).toEqual(named.spec.names);
  expect(conditionsOf(named)).toEqual({ NamesAccepted: 'NoConflicts', Established: 'InitialNamesAccepted' });
  expect(withNames(named, [], '2024-05-01T13:00:00Z')).toBe(named);
});

it.each<[Partial<CustomResourceDefinitionNames>, string, string]>([
  [{ kind: 'Other', plural: 'widgets' }, 'PluralConflict', '"widgets" is already in use'],
  [{ kind: 'Other', singular: 'w' }, 'SingularConflict', '"w" is already in use'],
  [
    { kind: 'Other', shortNames: ['x', 'w', 'widget'] },
    'ShortNamesConflict',
    '["w" is already in use, "widget" is already in use]',
  ],
  [
    { kind: 'Widget', plural: 'others', singular: 'other', listKind: 'Others' },
    'KindConflict',
    '"Widget" is already in use',
  ],
  [{ kind: 'Other', listKind: 'Widget' }, 'ListKindConflict', '"Widget" is already in use'],
])('%j: %s', (names, reason, message) => {
  const first = withNames(definition({ shortNames: ['w'] }), [], now);
  const second = withNames(definition(names), [first], now);
  expect(second.status?.conditions).toMatchObject([
    { type: 'NamesAccepted', status: 'False', reason, message },
    { type: 'Established', status: 'False', reason: 'NotAccepted' },
  ]);
  const freed = withNames(second, [], now);
  expect(conditionsOf(freed)).toEqual({ NamesAccepted: 'NoConflicts', Established: 'InitialNamesAccepted' });
});

it('stays established when new names are refused, and keeps the old ones', () => {
  const first = withNames(definition({ kind: 'Other' }), [], now);
  const second = withNames(definition({}), [first], now);
  const renamed = { ...second, spec: { ...second.spec, names: { ...second.spec.names, shortNames: ['other'] } } };
  const after = withNames(renamed, [first], now);
  expect(conditionsOf(after)).toEqual({ NamesAccepted: 'ShortNamesConflict', Established: 'InitialNamesAccepted' });
  expect(after.status?.acceptedNames?.shortNames).toBeUndefined();
});

it('tells whether an API of a protected group was reviewed', () => {
  const reviewed = definition({});
  reviewed.spec.group = 'x.k8s.io';
  reviewed.metadata.annotations = { 'api-approved.kubernetes.io': 'https://example.com/1' };
  expect(conditionsOf(withNames(reviewed, [], now))['KubernetesAPIApprovalPolicyConformant']).toBe(
    'ApprovedAnnotation',
  );
  reviewed.metadata.annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
  expect(conditionsOf(withNames(reviewed, [], now))['KubernetesAPIApprovalPolicyConformant']).toBe(
    'UnapprovedAnnotation',
  );
});
