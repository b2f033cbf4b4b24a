import { silentLogger } from '@kubelab/component/logger';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { createAuthorization } from '../authorization/authorization.js';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { AuthorizationAttributes, UserInfo } from '../contracts.js';
import { MemoryStore } from '../services/memory-store.js';
import { postStartHooks, startBootstrap } from './bootstrap.js';
import { nodeRules } from './policy/cluster-roles.js';
import { installedPolicy } from './policy/objects.js';
import { reconcilePolicy } from './reconcile-policy.js';
import { createServerLeases, createSoleLease, type ServerLeases } from './server-leases.js';

const rbac = 'rbac.authorization.k8s.io';

function start(
  objects: MemoryObjects,
  clock = new FakeClock(),
  leases: ServerLeases = createSoleLease(),
  address = '172.18.0.2',
) {
  const end = new AbortController();
  const reserved: string[] = [];
  const bootstrap = startBootstrap(
    {
      objects,
      clock,
      logger: silentLogger,
      authentication: { clientCa: '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n' },
      kubernetesService: {
        leases,
        serviceIp: '10.96.0.1',
        servicePort: 443,
        advertiseAddress: address,
        securePort: 6443,
      },
      allocations: {
        repair: async () => undefined,
        reserve: async (ip) => {
          reserved.push(ip);
        },
      },
    },
    end.signal,
  );
  return { ...bootstrap, end, reserved };
}

const endpointsOf = (objects: MemoryObjects) =>
  objects
    .peek<{ subsets: { addresses: { ip: string }[] }[] }>({ group: '', resource: 'endpoints' }, 'default', 'kubernetes')
    ?.subsets[0]?.addresses.map(({ ip }) => ip);

describe('bootstrap', () => {
  test('installs everything, and a second time changes nothing', async () => {
    const objects = new MemoryObjects();
    const first = start(objects);
    expect(postStartHooks.filter(first.isFinished)).toEqual([]);
    await first.ready;
    expect(postStartHooks.filter(first.isFinished)).toEqual(postStartHooks);
    expect(first.reserved).toEqual(['10.96.0.1']);
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      expect(objects.peek({ group: '', resource: 'namespaces' }, undefined, name)).toBeDefined();
    }
    expect(objects.peek({ group: '', resource: 'services' }, 'default', 'kubernetes')).toMatchObject({
      spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] },
    });
    expect(endpointsOf(objects)).toEqual(['172.18.0.2']);
    expect(
      objects.peek({ group: 'scheduling.k8s.io', resource: 'priorityclasses' }, undefined, 'system-node-critical'),
    ).toMatchObject({ value: 2000001000 });
    const { revision } = objects;
    const second = start(objects);
    await second.ready;
    expect(objects.revision).toBe(revision);
    first.end.abort();
    second.end.abort();
  });

  test('waits for storage with back-off', async () => {
    const objects = new MemoryObjects();
    const clock = new FakeClock();
    const { get } = objects;
    let failures = 0;
    objects.get = async (_resource, _namespace, name) => {
      if (name === 'default') failures++;
      throw new Error('etcd is away');
    };
    const { ready, end } = start(objects, clock);
    await settle();
    await clock.advance(1_000);
    expect(failures).toBeGreaterThan(1);
    expect(failures).toBeLessThan(8);
    objects.get = get.bind(objects);
    await clock.advance(10_000);
    await ready;
    end.abort();
  });

  test('the endpoints are the servers that live', async () => {
    const [objects, clock, store] = [new MemoryObjects(), new FakeClock(), new MemoryStore()];
    const one = start(objects, clock, createServerLeases(store, clock), '172.18.0.2');
    await one.ready;
    const two = start(objects, clock, createServerLeases(store, clock), '172.18.0.3');
    await two.ready;
    expect(endpointsOf(objects)).toEqual(['172.18.0.2', '172.18.0.3']);
    one.end.abort();
    await one.done;
    expect(endpointsOf(objects)).toEqual(['172.18.0.3']);
    two.end.abort();
    await two.done;
  });

  test('a lease is written anew each time, so that it lives on', async () => {
    const [clock, store] = [new FakeClock(), new MemoryStore()];
    const leases = createServerLeases(store, clock);
    await leases.renew('10.0.0.1');
    const first = store.peek('10.0.0.1')?.revision;
    await leases.renew('10.0.0.1');
    expect(store.peek('10.0.0.1')?.revision).not.toBe(first);
  });
});

describe('policy', () => {
  test('names are unique and bindings point to roles that exist', () => {
    const { roles, bindings } = installedPolicy();
    const keys = roles.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { roleRef, metadata } of bindings) {
      expect(keys).toContain(`${roleRef.kind}/${roleRef.kind === 'Role' ? metadata.namespace : ''}/${roleRef.name}`);
    }
  });

  test('gives missing rules and subjects back and keeps what was added', async () => {
    const objects = new MemoryObjects();
    await reconcilePolicy(objects);
    const extra = { verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] };
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
    objects.put(`clusterroles.${rbac}`, { metadata: { name: 'system:coredns', annotations }, rules: [extra] });
    objects.put(`clusterrolebindings.${rbac}`, {
      metadata: { name: 'cluster-admin', annotations },
      subjects: [],
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
    });
    await reconcilePolicy(objects);
    const role = objects.peek<{ rules: object[] }>(
      { group: rbac, resource: 'clusterroles' },
      undefined,
      'system:coredns',
    );
    expect(role?.rules).toContainEqual(extra);
    expect(role?.rules.length).toBeGreaterThan(1);
    expect(objects.peek({ group: rbac, resource: 'clusterrolebindings' }, undefined, 'cluster-admin')).toMatchObject({
      subjects: [{ kind: 'Group', name: 'system:masters' }],
    });
  });

  test('leaves alone what is annotated so', async () => {
    const objects = new MemoryObjects();
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    objects.put(`clusterroles.${rbac}`, { metadata: { name: 'view', annotations }, rules: [] });
    await reconcilePolicy(objects);
    expect(objects.peek({ group: rbac, resource: 'clusterroles' }, undefined, 'view')).not.toHaveProperty(
      'aggregationRule',
    );
  });

  describe('as it is enforced', () => {
    let may: (user: UserInfo, more: Partial<AuthorizationAttributes>) => boolean;
    beforeAll(async () => {
      const objects = new MemoryObjects();
      const { authorizer } = createAuthorization({ objects, modes: ['Node', 'RBAC'], nodeRules: nodeRules() });
      await reconcilePolicy(objects);
      may = (user, more) =>
        (
          authorizer.authorize({
            user,
            verb: 'get',
            resourceRequest: true,
            apiGroup: '',
            resource: 'pods',
            path: '',
            ...more,
          }) as { allowed: boolean }
        ).allowed;
    });
    const path = (text: string, verb = 'get') => ({ resourceRequest: false, path: text, verb });
    const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    const anybody = { name: 'jane', groups: ['system:authenticated'] };
    const addons = { name: 'kubelab:addon-manager', groups: ['system:authenticated'] };
    const joining = {
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
    };

    test('anonymous gets health and version and nothing else', () => {
      for (const url of ['/healthz', '/livez', '/readyz', '/version']) expect(may(anonymous, path(url))).toBe(true);
      for (const url of ['/', '/api', '/apis', '/metrics', '/openapi/v2', '/healthz/etcd'])
        expect(may(anonymous, path(url))).toBe(false);
      expect(may(anonymous, path('/healthz', 'post'))).toBe(false);
      expect(may(anonymous, {})).toBe(false);
      expect(may(anonymous, { resource: 'configmaps', namespace: 'kube-public', name: 'cluster-info' })).toBe(true);
      expect(may(anonymous, { resource: 'configmaps', namespace: 'kube-public', name: 'other' })).toBe(false);
    });

    test('everybody may discover and ask about themselves', () => {
      expect(may(anybody, path('/apis/apps/v1'))).toBe(true);
      expect(
        may(anybody, { verb: 'create', apiGroup: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }),
      ).toBe(true);
      expect(may(anybody, { namespace: 'default' })).toBe(false);
    });

    test('a joining node asks for a certificate and nothing else', () => {
      expect(
        may(joining, { verb: 'create', apiGroup: 'certificates.k8s.io', resource: 'certificatesigningrequests' }),
      ).toBe(true);
      expect(may(joining, { resource: 'nodes', name: 'n' })).toBe(true);
      expect(may(joining, { resource: 'secrets', namespace: 'kube-system' })).toBe(false);
    });

    test('components have what they need and no more', () => {
      const scheduler = { name: 'system:kube-scheduler', groups: [] };
      expect(may(scheduler, { verb: 'create', subresource: 'binding', namespace: 'a' })).toBe(true);
      expect(may(scheduler, { resource: 'secrets', namespace: 'a' })).toBe(false);
      const proxy = { name: 'system:kube-proxy', groups: [] };
      expect(may(proxy, { verb: 'watch', apiGroup: 'discovery.k8s.io', resource: 'endpointslices' })).toBe(true);
      expect(may(proxy, { verb: 'list' })).toBe(false);
      const kubelets = { name: 'kube-apiserver-kubelet-client', groups: [] };
      expect(may(kubelets, { verb: 'create', resource: 'nodes', subresource: 'proxy', name: 'n' })).toBe(true);
      const replicaSets = { name: 'system:serviceaccount:kube-system:replicaset-controller', groups: [] };
      expect(may(replicaSets, { verb: 'create', namespace: 'a' })).toBe(true);
      expect(may(replicaSets, { verb: 'create', resource: 'secrets', namespace: 'a' })).toBe(false);
    });

    test('the addon manager stays in its namespaces and cannot escalate', () => {
      const apply = { verb: 'patch', apiGroup: 'apps', resource: 'deployments' };
      expect(may(addons, { ...apply, namespace: 'kube-system' })).toBe(true);
      expect(may(addons, { ...apply, namespace: 'default' })).toBe(false);
      expect(may(addons, { verb: 'escalate', apiGroup: rbac, resource: 'clusterroles', name: 'x' })).toBe(false);
      expect(may(addons, { verb: 'bind', apiGroup: rbac, resource: 'clusterroles', name: 'cluster-admin' })).toBe(
        false,
      );
      expect(
        may(addons, { verb: 'bind', apiGroup: rbac, resource: 'clusterroles', name: 'system:node-bootstrapper' }),
      ).toBe(true);
      expect(may(addons, { resource: 'secrets', namespace: 'default' })).toBe(false);
    });
  });
});
