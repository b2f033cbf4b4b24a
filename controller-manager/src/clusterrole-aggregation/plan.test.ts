import type { ClusterRole, PolicyRule } from '@kubelab/api/types';
import { meta } from '../testing/objects.js';
import { planAggregation } from './plan.js';

const rule = (verb: string): PolicyRule => ({ apiGroups: [''], resources: ['pods'], verbs: [verb] });
const role = (name: string, rules: PolicyRule[], labels: Record<string, string> = {}): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: meta(name, { labels }),
  rules,
});
const aggregated = (name: string, rules: PolicyRule[], ...selectors: Record<string, string>[]): ClusterRole => ({
  ...role(name, rules, { to: 'x' }),
  aggregationRule: { clusterRoleSelectors: selectors.map((matchLabels) => ({ matchLabels })) },
});

test('the rules of all that are selected, by selector, then by name, each once', () => {
  const all = [
    role('c', [rule('watch')], { to: 'y' }),
    role('b', [rule('list'), rule('get')], { to: 'x' }),
    role('a', [rule('get')], { to: 'x' }),
    role('z', [rule('delete')]),
  ];
  expect(planAggregation(aggregated('whole', [], { to: 'y' }, { to: 'x' }), all)).toEqual([
    rule('watch'),
    rule('get'),
    rule('list'),
  ]);
});

test('it is not a part of itself, and nothing is written when it is right', () => {
  const whole = aggregated('whole', [rule('get')], { to: 'x' });
  expect(planAggregation(whole, [whole, role('a', [rule('get')], { to: 'x' })])).toBeUndefined();
  expect(planAggregation(whole, [whole])).toEqual([]);
});

test('other roles are left alone', () => {
  expect(planAggregation(role('plain', [rule('get')]), [])).toBeUndefined();
});
