import { nodeRules } from '../../bootstrap/policy/cluster-roles.js';
import type { AuthorizationAttributes } from '../../contracts.js';
import { createAuthorization } from '../authorization.js';
import { MemoryObjects } from '../memory-objects.js';

const node = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] });

const pod = (nodeName: string | undefined, more: object = {}) => ({
  metadata: { namespace: 'default', name: 'web', uid: 'u', ...more },
  spec: {
    ...(nodeName ? { nodeName } : {}),
    serviceAccountName: 'web',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [
      {
        name: 'a',
        envFrom: [{ configMapRef: { name: 'from' } }],
        env: [{ valueFrom: { secretKeyRef: { name: 'env' } } }],
      },
    ],
    volumes: [
      { name: 'v', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'p', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } },
      { name: 'e', ephemeral: {} },
    ],
  },
});

function setUp() {
  const objects = new MemoryObjects();
  const { authorizer } = createAuthorization({ objects, modes: ['Node', 'RBAC'], nodeRules: nodeRules() });
  const may = (verb: string, resource: string, name?: string, more: Partial<AuthorizationAttributes> = {}) =>
    authorizer.authorize({
      user: node('n1'),
      verb,
      resourceRequest: true,
      apiGroup: '',
      resource,
      path: '',
      namespace: 'default',
      ...(name ? { name } : {}),
      ...more,
    }) as { allowed: boolean; reason: string };
  return { objects, may };
}

describe('a node', () => {
  test.each([
    ['secrets', 'pull'],
    ['secrets', 'env'],
    ['configmaps', 'from'],
    ['configmaps', 'kube-root-ca.crt'],
    ['persistentvolumeclaims', 'data'],
    ['persistentvolumeclaims', 'web-e'],
    ['pods', 'web'],
  ])('reads %s %s of its own pod and of no other', (resource, name) => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    expect(may('get', resource, name).allowed).toBe(true);
    expect(may('get', resource, name, { user: node('n2') })).toEqual({
      allowed: false,
      reason: "no relationship found between node 'n2' and this object",
    });
    objects.remove('pods', 'default', 'web');
    expect(may('get', resource, name).allowed).toBe(false);
  });

  test('does not read the same name in another namespace', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    expect(may('get', 'secrets', 'pull', { namespace: 'kube-system' }).allowed).toBe(false);
  });

  test('gets nothing from a pod that has no node yet, and everything once it is bound', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod(undefined));
    expect(may('get', 'secrets', 'pull').allowed).toBe(false);
    objects.put('pods', pod('n1'));
    expect(may('get', 'secrets', 'pull').allowed).toBe(true);
  });

  test('keeps a secret that another of its pods still needs', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    objects.put('pods', pod('n1', { name: 'web-2' }));
    objects.remove('pods', 'default', 'web');
    expect(may('get', 'secrets', 'pull').allowed).toBe(true);
  });

  test('cannot open secrets by a mirror pod', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1', { annotations: { 'kubernetes.io/config.mirror': 'x' } }));
    expect(may('get', 'secrets', 'pull').allowed).toBe(false);
    expect(may('get', 'pods', 'web').allowed).toBe(true);
  });

  test('reads the volume behind a claim of its pod, and the volume’s secrets', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    const spec = {
      claimRef: { namespace: 'default', name: 'data' },
      csi: { nodePublishSecretRef: { namespace: 'vol', name: 's' } },
    };
    objects.put('persistentvolumes', { metadata: { name: 'pv' }, spec });
    expect(may('get', 'persistentvolumes', 'pv').allowed).toBe(true);
    expect(may('get', 'persistentvolumes', 'pv', { user: node('n2') }).allowed).toBe(false);
    expect(may('get', 'secrets', 's', { namespace: 'vol' }).allowed).toBe(true);
  });

  test.each<[string, string, string, string | undefined, Partial<AuthorizationAttributes>, boolean]>([
    ['no list of secrets', 'list', 'secrets', undefined, {}, false],
    ['no writing of secrets', 'update', 'secrets', 'pull', {}, false],
    ['tokens of its pods’ accounts', 'create', 'serviceaccounts', 'web', { subresource: 'token' }, true],
    ['no tokens of other accounts', 'create', 'serviceaccounts', 'admin', { subresource: 'token' }, false],
    ['its Node', 'get', 'nodes', 'n1', {}, true],
    ['no other Node', 'get', 'nodes', 'n2', {}, false],
    ['no list of Nodes', 'list', 'nodes', undefined, {}, false],
    ['status of Nodes', 'patch', 'nodes', 'n1', { subresource: 'status' }, true],
    ['no deletion of Nodes', 'delete', 'nodes', 'n1', {}, false],
    ['a list of its pods', 'list', 'pods', undefined, { fieldSelector: 'spec.nodeName=n1' }, true],
    ['no list of others’ pods', 'list', 'pods', undefined, { fieldSelector: 'spec.nodeName=n2' }, false],
    ['no list of pods that are not its', 'list', 'pods', undefined, { fieldSelector: 'spec.nodeName!=n1' }, false],
    ['no list of all pods', 'list', 'pods', undefined, {}, false],
    ['its lease', 'update', 'leases', 'n1', { apiGroup: 'coordination.k8s.io', namespace: 'kube-node-lease' }, true],
    [
      'no other lease',
      'update',
      'leases',
      'n2',
      { apiGroup: 'coordination.k8s.io', namespace: 'kube-node-lease' },
      false,
    ],
    ['no lease elsewhere', 'get', 'leases', 'n1', { apiGroup: 'coordination.k8s.io', namespace: 'kube-system' }, false],
    [
      'certificate requests',
      'create',
      'certificatesigningrequests',
      undefined,
      { apiGroup: 'certificates.k8s.io' },
      true,
    ],
    ['services', 'list', 'services', undefined, {}, true],
    ['events', 'create', 'events', undefined, {}, true],
    ['no exec', 'create', 'pods', 'web', { subresource: 'exec' }, false],
    ['no roles', 'get', 'clusterroles', 'x', { apiGroup: 'rbac.authorization.k8s.io' }, false],
  ])('%s', (_what, verb, resource, name, more, expected) => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    expect(may(verb, resource, name, more).allowed).toBe(expected);
  });

  test('must be in the group of nodes and have a name', () => {
    const { objects, may } = setUp();
    objects.put('pods', pod('n1'));
    expect(may('get', 'secrets', 'pull', { user: { name: 'system:node:n1', groups: [] } }).allowed).toBe(false);
    expect(may('get', 'secrets', 'pull', { user: node('') }).reason).toBe('unknown node for user "system:node:"');
  });
});
