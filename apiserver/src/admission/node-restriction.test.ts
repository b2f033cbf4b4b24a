import { MemoryObjects } from '../authorization/memory-objects.js';
import type { Authorizer } from '../contracts.js';
import { createNodeRestriction } from './node-restriction.js';
import { runPlugin, testRequest } from './test-requests.js';

const user = { name: 'system:node:n1', groups: ['system:nodes'] };
const nobody: Authorizer = { authorize: () => ({ allowed: false, reason: '' }) };
const namespace = 'default';

function setUp() {
  const objects = new MemoryObjects();
  objects.put('nodes', { metadata: { name: 'n1', uid: 'node-uid' } });
  const volumes = [
    {
      name: 't',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token' } },
          { serviceAccountToken: { audience: 'vault', path: 'v' } },
        ],
      },
    },
  ];
  objects.put('pods', { metadata: { namespace, name: 'mine', uid: 'p1' }, spec: { nodeName: 'n1', volumes } });
  objects.put('pods', { metadata: { namespace, name: 'other', uid: 'p2' }, spec: { nodeName: 'n2' } });
  const plugin = createNodeRestriction({ objects, authorizer: nobody });
  return (resource: string, given: Parameters<typeof testRequest>[1]) =>
    runPlugin(plugin, testRequest(resource, { user, namespace, ...given }));
}

describe('NodeRestriction', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid', controller: true };
  const mirror = (metadata: object = {}, spec: object = {}) => ({
    metadata: { name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner], ...metadata },
    spec: { nodeName: 'n1', containers: [], ...spec },
  });

  test.each<[string, object, string]>([
    ['a mirror pod of its own', mirror(), ''],
    [
      'an ordinary pod',
      mirror({ annotations: {} }),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      'a pod for another node',
      mirror({}, { nodeName: 'n2' }),
      'node "n1" can only create pods with spec.nodeName set to itself',
    ],
    ['a pod without owner', mirror({ ownerReferences: [] }), 'an owner reference set to itself'],
    [
      'a pod of an older Node',
      mirror({ ownerReferences: [{ ...owner, uid: 'old' }] }),
      'node n1 UID mismatch: expected old got node-uid',
    ],
    [
      'a pod with an account',
      mirror({}, { serviceAccountName: 'admin' }),
      'node "n1" can not create pods that reference a service account',
    ],
    [
      'a pod with a secret',
      mirror({}, { volumes: [{ name: 's', secret: { secretName: 's' } }] }),
      'can not create pods that reference secrets',
    ],
    [
      'a pod with a claim',
      mirror({}, { volumes: [{ name: 's', persistentVolumeClaim: { claimName: 'c' } }] }),
      'can not create pods that reference persistentvolumeclaims',
    ],
  ])('creation of %s', async (_what, object, message) => {
    const result = await setUp()('pods', { object });
    if (message === '') expect(result).toBe('');
    else expect(result).toContain(message);
  });

  test('deletion and status are for its own pods', async () => {
    const ask = setUp();
    expect(await ask('pods', { operation: 'DELETE', name: 'mine' })).toBe('');
    expect(await ask('pods', { operation: 'DELETE', name: 'other' })).toContain(
      'node "n1" can only delete pods with spec.nodeName set to itself',
    );
    expect(await ask('pods', { operation: 'DELETE', name: 'gone' })).toBe('pods "gone" not found');
    const pod = (nodeName: string, labels = {}) => ({ metadata: { name: 'p', labels }, spec: { nodeName } });
    const status = { operation: 'UPDATE', subresource: 'status' } as const;
    expect(await ask('pods', { ...status, object: pod('n1'), old: pod('n1') })).toBe('');
    expect(await ask('pods', { ...status, object: pod('n2'), old: pod('n2') })).toContain('can only update pod status');
    expect(await ask('pods', { ...status, object: pod('n1', { a: 'b' }), old: pod('n1') })).toContain(
      'cannot update labels through pod status',
    );
    expect(await ask('pods', { operation: 'UPDATE', object: pod('n1'), old: pod('n1') })).toContain(
      'can only create and delete mirror pods',
    );
  });

  test.each<[string, object, object | undefined, string]>([
    [
      'its own labels',
      { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', 'node.kubernetes.io/x': 'y', team: 'a' } },
      undefined,
      '',
    ],
    ['another node', { name: 'n2' }, undefined, 'node "n1" is not allowed to modify node "n2"'],
    [
      'a role label',
      { name: 'n1', labels: { 'node-role.kubernetes.io/control-plane': '' } },
      undefined,
      'is not allowed to set the following labels: node-role.kubernetes.io/control-plane',
    ],
    [
      'a restricted label',
      { name: 'n1', labels: { 'node-restriction.kubernetes.io/pci': '' } },
      {},
      'is not allowed to modify labels: node-restriction.kubernetes.io/pci',
    ],
  ])('writes of Nodes: %s', async (_what, metadata, old, message) => {
    const result = await setUp()('nodes', {
      namespace: '',
      operation: old ? 'UPDATE' : 'CREATE',
      object: { metadata, spec: {} },
      ...(old ? { old: { metadata: { name: 'n1', ...old }, spec: {} } } : {}),
    });
    if (message === '') expect(result).toBe('');
    else expect(result).toContain(message);
  });

  test('a node cannot take its taints away', async () => {
    const node = (taints: object[]) => ({ metadata: { name: 'n1' }, spec: { taints } });
    const taint = { key: 'dedicated', effect: 'NoSchedule' };
    const ask = setUp();
    expect(await ask('nodes', { operation: 'UPDATE', object: node([]), old: node([taint]) })).toContain(
      'node "n1" is not allowed to modify taints',
    );
    expect(await ask('nodes', { operation: 'UPDATE', object: node([taint]), old: node([taint]) })).toBe('');
  });

  test('leases are its own and in their namespace', async () => {
    const ask = setUp();
    const leases = 'leases.coordination.k8s.io';
    expect(await ask(leases, { namespace: 'kube-node-lease', object: { metadata: { name: 'n1' } } })).toBe('');
    expect(await ask(leases, { namespace: 'kube-node-lease', object: { metadata: { name: 'n2' } } })).toContain(
      'same name as the requesting node',
    );
    expect(await ask(leases, { namespace: 'kube-system', object: { metadata: { name: 'n1' } } })).toContain(
      '"kube-node-lease" system namespace',
    );
  });

  test.each<[string, object, string]>([
    ['for its pod', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'p1' } }, ''],
    [
      'for an audience of its pod',
      { audiences: ['vault'], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'p1' } },
      '',
    ],
    [
      'for an audience nobody named',
      { audiences: ['aws'], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'p1' } },
      'audience "aws" not found in pod spec volume',
    ],
    [
      'for several audiences',
      { audiences: ['a', 'b'], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'p1' } },
      'node may only request 0 or 1 audiences',
    ],
    ['without a pod', {}, 'node requested token not bound to a pod'],
    [
      'without a uid',
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine' } },
      'node requested token with a pod binding without a uid',
    ],
    [
      'for another pod',
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'other', uid: 'p2' } },
      'node requested token bound to a pod scheduled on a different node',
    ],
    [
      'for a pod of old',
      { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'p0' } },
      'the UID in the bound object reference (p0) does not match',
    ],
  ])('a token %s', async (_what, spec, message) => {
    const result = await setUp()('serviceaccounts', {
      subresource: 'token',
      name: 'web',
      object: { metadata: {}, spec },
    });
    if (message === '') expect(result).toBe('');
    else expect(result).toContain(message);
  });

  test('others are not its business, and a node without name may nothing', async () => {
    const ask = setUp();
    expect(
      await ask('pods', { user: { name: 'jane', groups: [] }, object: { metadata: { name: 'x' }, spec: {} } }),
    ).toBe('');
    expect(
      await ask('pods', {
        user: { name: 'system:node:', groups: ['system:nodes'] },
        object: { metadata: { name: 'x' } },
      }),
    ).toContain('could not determine node from user "system:node:"');
  });
});
