import type { PolicyRule } from '@kubelab/api/types';
import type { AdmissionRequest, AuthorizationAttributes, UserInfo } from '../../contracts.js';
import { createAuthorization } from '../authorization.js';
import { forbiddenByAuthorization } from '../forbidden.js';
import { MemoryObjects } from '../memory-objects.js';
import { uncoveredRules } from './covers.js';
import { createEscalationCheck } from './escalation.js';
import { compileRule, formatRule, toRuleRequest } from './rules.js';

const rbac = 'rbac.authorization.k8s.io';
const jane: UserInfo = { name: 'jane', groups: ['dev', 'system:authenticated'] };

function ask(more: Partial<AuthorizationAttributes>): AuthorizationAttributes {
  return { user: jane, verb: 'get', resourceRequest: true, apiGroup: '', resource: 'pods', path: '', ...more };
}

function setUp() {
  const objects = new MemoryObjects();
  const authorization = createAuthorization({ objects, modes: ['RBAC'], nodeRules: [] });
  const role = (name: string, rules: PolicyRule[], more: object = {}, labels: Record<string, string> = {}) =>
    objects.put(`clusterroles.${rbac}`, { metadata: { name, labels }, rules, ...more });
  const bind = (name: string, roleName: string, subject: object, namespace?: string, kind = 'ClusterRole') =>
    objects.put(`${namespace ? 'rolebindings' : 'clusterrolebindings'}.${rbac}`, {
      metadata: { name, ...(namespace ? { namespace } : {}) },
      subjects: [subject],
      roleRef: { apiGroup: rbac, kind, name: roleName },
    });
  const may = (more: Partial<AuthorizationAttributes>) =>
    authorization.authorizer.authorize(ask(more)) as { allowed: boolean; reason: string };
  return { objects, role, bind, may, ...authorization };
}

const user = { kind: 'User', name: 'jane' };
const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

describe('a rule', () => {
  const allows = (rule: PolicyRule, more: Partial<AuthorizationAttributes>) =>
    compileRule(rule).allows(toRuleRequest(ask(more)));

  test.each<[string, PolicyRule, Partial<AuthorizationAttributes>, boolean]>([
    ['matches its resource', readPods, {}, true],
    ['does not match a subresource', readPods, { subresource: 'log' }, false],
    ['names a subresource', { ...readPods, resources: ['pods/log'] }, { subresource: 'log' }, true],
    ['for a subresource is not for the resource', { ...readPods, resources: ['pods/log'] }, {}, false],
    ['*/scale is the scale of everything', { ...readPods, resources: ['*/scale'] }, { subresource: 'scale' }, true],
    ['*/scale is not the resource', { ...readPods, resources: ['*/scale'] }, {}, false],
    ['* is every resource and subresource', { ...readPods, resources: ['*'] }, { subresource: 'exec' }, true],
    ['is about its group', readPods, { apiGroup: 'metrics.k8s.io' }, false],
    ['may name objects', { ...readPods, resourceNames: ['web'] }, { name: 'web' }, true],
    ['with names does not match others', { ...readPods, resourceNames: ['web'] }, { name: 'db' }, false],
    ['with names does not match lists', { ...readPods, resourceNames: ['web'] }, { verb: 'list' }, false],
    ['for URLs is not for resources', { verbs: ['*'], nonResourceURLs: ['*'] }, {}, false],
    [
      'for resources is not for URLs',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { resourceRequest: false, path: '/x' },
      false,
    ],
    [
      'takes a URL',
      { verbs: ['get'], nonResourceURLs: ['/healthz'] },
      { resourceRequest: false, path: '/healthz' },
      true,
    ],
    [
      'does not take what is below a URL',
      { verbs: ['get'], nonResourceURLs: ['/healthz'] },
      { resourceRequest: false, path: '/healthz/etcd' },
      false,
    ],
    [
      'takes what is below with a star',
      { verbs: ['get'], nonResourceURLs: ['/healthz/*'] },
      { resourceRequest: false, path: '/healthz/etcd' },
      true,
    ],
  ])('%s', (_name, rule, request, expected) => {
    expect(allows(rule, request)).toBe(expected);
  });

  test('is printed as upstream prints it', () => {
    expect(formatRule(readPods)).toBe('{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}');
  });
});

describe('RBAC', () => {
  test('denies without a reason when nothing is bound', () => {
    expect(setUp().may({})).toEqual({ allowed: false, reason: '' });
  });

  test('allows through a ClusterRoleBinding everywhere', () => {
    const { role, bind, may } = setUp();
    role('reader', [readPods]);
    bind('readers', 'reader', user);
    expect(may({ namespace: 'default' })).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to User "jane"',
    });
    expect(may({}).allowed).toBe(true);
  });

  test('allows through a RoleBinding in its namespace only', () => {
    const { role, bind, may } = setUp();
    role('reader', [readPods]);
    bind('readers', 'reader', { kind: 'Group', name: 'dev' }, 'team');
    expect(may({ namespace: 'team' }).reason).toBe(
      'RBAC: allowed by RoleBinding "readers/team" of ClusterRole "reader" to Group "dev"',
    );
    expect(may({ namespace: 'other' }).allowed).toBe(false);
    expect(may({}).allowed).toBe(false);
  });

  test('takes a service account without namespace for one of the binding’s', () => {
    const { role, bind, may } = setUp();
    role('reader', [readPods]);
    bind('readers', 'reader', { kind: 'ServiceAccount', name: 'web' }, 'team');
    const account = { name: 'system:serviceaccount:team:web', groups: [] };
    expect(may({ user: account, namespace: 'team' }).allowed).toBe(true);
    expect(may({ user: { ...account, name: 'system:serviceaccount:other:web' }, namespace: 'team' }).allowed).toBe(
      false,
    );
  });

  test('names a role that is missing', () => {
    const { bind, may } = setUp();
    bind('readers', 'reader', user);
    expect(may({})).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "reader" not found',
    });
  });

  test('follows changes of roles and bindings at once', () => {
    const { objects, role, bind, may } = setUp();
    role('reader', [readPods]);
    bind('readers', 'reader', user);
    role('reader', [{ ...readPods, verbs: ['list'] }]);
    expect(may({}).allowed).toBe(false);
    role('reader', [readPods]);
    expect(may({}).allowed).toBe(true);
    bind('readers', 'reader', { kind: 'User', name: 'bob' });
    expect(may({}).allowed).toBe(false);
    bind('readers', 'reader', user);
    objects.remove(`clusterrolebindings.${rbac}`, undefined, 'readers');
    expect(may({}).allowed).toBe(false);
  });

  test('aggregates through several levels, and forgets what is no longer selected', () => {
    const { role, bind, may } = setUp();
    const selects = (label: string) => ({
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] },
    });
    role('admin', [], selects('to-admin'));
    role('edit', [], selects('to-edit'), { 'to-admin': 'true' });
    role('pods', [readPods], {}, { 'to-edit': 'true' });
    bind('admins', 'admin', user);
    expect(may({}).allowed).toBe(true);
    role('pods', [readPods]);
    expect(may({}).allowed).toBe(false);
  });

  test('aggregation in a circle ends', () => {
    const { role, bind, may } = setUp();
    const circle = { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { ring: 'true' } }] } };
    role('a', [], circle, { ring: 'true' });
    role('b', [], circle, { ring: 'true' });
    bind('x', 'a', user);
    expect(may({}).allowed).toBe(false);
  });

  test('lets system:masters do everything, and nobody else by name', () => {
    const { may } = setUp();
    expect(may({ user: { name: 'x', groups: ['system:masters'] }, verb: 'delete' }).allowed).toBe(true);
    expect(may({ user: { name: 'system:masters', groups: [] } }).allowed).toBe(false);
  });

  test('resolves rules for a namespace', () => {
    const { role, bind, resolver } = setUp();
    role('reader', [readPods, { verbs: ['get'], nonResourceURLs: ['/x'] }]);
    bind('readers', 'reader', user);
    expect(resolver.rulesFor(jane, 'default')).toEqual({
      resourceRules: [readPods],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
      incomplete: false,
    });
  });
});

describe('the sentence of a refusal', () => {
  test.each<[Partial<AuthorizationAttributes>, string]>([
    [
      { verb: 'list', namespace: 'a' },
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "a"',
    ],
    [
      { name: 'x', subresource: 'exec', verb: 'create', namespace: 'a' },
      'pods "x" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "a"',
    ],
    [
      { apiGroup: 'apps', resource: 'deployments', verb: 'list' },
      'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" at the cluster scope',
    ],
    [{ resourceRequest: false, path: '/metrics' }, 'forbidden: User "jane" cannot get path "/metrics"'],
  ])('%#', (request, message) => {
    expect(forbiddenByAuthorization(ask(request), '').message).toBe(message);
  });
});

describe('escalation', () => {
  function write(
    kind: string,
    object: object,
    set: ReturnType<typeof setUp>,
    by = jane,
    namespace?: string,
  ): Promise<void> {
    const check = createEscalationCheck(set);
    const request = {
      operation: 'CREATE',
      definition: { group: rbac, plural: kind },
      subresource: '',
      namespace,
      name: 'x',
      object,
      user: by,
      dryRun: false,
      warn: () => undefined,
    } as unknown as AdmissionRequest;
    return Promise.resolve(check.validate?.(request));
  }
  const wanted = {
    metadata: { name: 'x' },
    rules: [{ verbs: ['get', 'delete'], apiGroups: [''], resources: ['pods'] }],
  };

  test('refuses rules that the author does not have', async () => {
    const set = setUp();
    set.role('reader', [readPods]);
    set.bind('readers', 'reader', user);
    await expect(write('clusterroles', wanted, set)).rejects.toThrow(
      'clusterroles.rbac.authorization.k8s.io "x" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    );
  });

  test.each([
    ['who has them', [{ ...readPods, verbs: ['get', 'list', 'delete'] }]],
    ['who may escalate', [{ verbs: ['escalate'], apiGroups: [rbac], resources: ['clusterroles'] }]],
  ])('lets through an author %s', async (_who, rules) => {
    const set = setUp();
    set.role('reader', rules);
    set.bind('readers', 'reader', user);
    await expect(write('clusterroles', wanted, set)).resolves.toBeUndefined();
  });

  test('rights of a namespace are not enough for a ClusterRole', async () => {
    const set = setUp();
    set.role('reader', [{ ...readPods, verbs: ['get', 'delete'] }]);
    set.bind('readers', 'reader', user, 'team');
    await expect(write('roles', wanted, set, jane, 'team')).resolves.toBeUndefined();
    await expect(write('clusterroles', wanted, set)).rejects.toThrow('not currently held');
  });

  test('a binding takes what its role gives, or the right to bind it', async () => {
    const set = setUp();
    set.role('cluster-admin', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]);
    const binding = {
      metadata: { name: 'x' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
    };
    await expect(write('clusterrolebindings', binding, set)).rejects.toThrow('not currently held');
    set.role('binder', [
      { verbs: ['bind'], apiGroups: [rbac], resources: ['clusterroles'], resourceNames: ['cluster-admin'] },
    ]);
    set.bind('binders', 'binder', user);
    await expect(write('clusterrolebindings', binding, set)).resolves.toBeUndefined();
  });

  test('a binding to a role that is not there is 404', async () => {
    const binding = { metadata: { name: 'x' }, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'gone' } };
    await expect(write('clusterrolebindings', binding, setUp())).rejects.toThrow(
      'clusterroles.rbac.authorization.k8s.io "gone" not found',
    );
  });

  test('aggregation needs full authority', async () => {
    const role = { metadata: { name: 'x' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
    await expect(write('clusterroles', role, setUp())).rejects.toThrow(
      'must have cluster-admin privileges to use the aggregationRule',
    );
    await expect(
      write('clusterroles', role, setUp(), { name: 'root', groups: ['system:masters'] }),
    ).resolves.toBeUndefined();
  });

  test('coverage: named objects do not cover all, stars cover everything', () => {
    const all = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
    expect(uncoveredRules(all, [readPods])).toEqual([]);
    expect(uncoveredRules([{ ...readPods, resourceNames: ['a'] }], [{ ...readPods, verbs: ['get'] }])).toHaveLength(1);
    expect(uncoveredRules([readPods], [{ ...readPods, verbs: ['get'], resourceNames: ['a'] }])).toEqual([]);
    expect(uncoveredRules([readPods], all)).toHaveLength(1);
  });
});
