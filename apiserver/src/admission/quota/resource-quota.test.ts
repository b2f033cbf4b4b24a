import type { ResourceQuota } from '@kubelab/api/types';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { MemoryObjects } from '../../authorization/memory-objects.js';
import { runPlugin, testRequest } from '../test-requests.js';
import { createResourceQuota } from './resource-quota.js';

const namespace = 'team';

/** As its controller leaves it when there is nothing yet. */
const counted = (name: string, hard: Record<string, string>, more: object = {}) => {
  const used = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
  return { metadata: { namespace, name }, spec: { hard, ...more }, status: { hard, used } };
};

function setUp(hard: Record<string, string>, more: object = {}) {
  const objects = new MemoryObjects();
  const clock = new FakeClock();
  objects.put('resourcequotas', counted('q', hard, more));
  const plugin = createResourceQuota({ objects, clock });
  const create = async (resource: string, object: object, options: { dryRun?: boolean; store?: boolean } = {}) => {
    const message = await runPlugin(
      plugin,
      testRequest(resource, { namespace, object, dryRun: options.dryRun ?? false }),
    );
    if (message === '' && options.store !== false && !options.dryRun) objects.put(resource, object);
    return message;
  };
  const used = () =>
    objects.peek<ResourceQuota>({ group: '', resource: 'resourcequotas' }, namespace, 'q')?.status?.used;
  return { objects, clock, plugin, create, used };
}

const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  metadata: { namespace, name },
  spec: { containers: [{ name: 'a', resources }], ...spec },
});
const configMap = (name: string) => ({ metadata: { namespace, name } });

describe('ResourceQuota', () => {
  test('counts objects and refuses one too many', async () => {
    const { create, used } = setUp({ configmaps: '2' });
    expect(await create('configmaps', configMap('a'))).toBe('');
    expect(await create('configmaps', configMap('b'))).toBe('');
    expect(used()).toEqual({ configmaps: '2' });
    expect(await create('configmaps', configMap('c'))).toBe(
      'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
    );
  });

  test('limits nothing that its controller has not taken note of', async () => {
    const { create, objects, used } = setUp({});
    objects.put('resourcequotas', { metadata: { namespace, name: 'q' }, spec: { hard: { configmaps: '0' } } });
    expect(await create('configmaps', configMap('a'))).toBe('');
    expect(used()).toBeUndefined();
    const old = {
      spec: { hard: { configmaps: '0' } },
      status: { hard: { configmaps: '5' }, used: { configmaps: '1' } },
    };
    objects.put('resourcequotas', { metadata: { namespace, name: 'q' }, ...old });
    expect(await create('configmaps', configMap('b'))).toBe('');
    expect(used()).toEqual({ configmaps: '2' });
  });

  test('refuses what has not been counted', async () => {
    const { create, objects } = setUp({});
    const status = { hard: { configmaps: '5', 'count/configmaps': '3' }, used: { configmaps: '1' } };
    objects.put('resourcequotas', { metadata: { namespace, name: 'q' }, spec: {}, status });
    expect(await create('configmaps', configMap('a'))).toBe(
      'configmaps "a" is forbidden: status unknown for quota: q, resources: configmaps,count/configmaps',
    );
  });

  test('adds up what pods ask for', async () => {
    const { create, used } = setUp({ 'requests.cpu': '1', pods: '10' });
    expect(await create('pods', pod('a', { requests: { cpu: '600m' } }))).toBe('');
    expect(await create('pods', pod('b', { requests: { cpu: '600m' } }))).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    expect(await create('pods', pod('c', { requests: { cpu: '400m' } }))).toBe('');
    expect(used()).toEqual({ pods: '2', 'requests.cpu': '1' });
  });

  test('wants pods to say what they need', async () => {
    const { create } = setUp({ 'limits.cpu': '1', 'requests.memory': '1Gi' });
    expect(await create('pods', pod('a'))).toBe(
      'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: a; requests.memory for: a',
    );
  });

  test('names the containers that do not say, in order', async () => {
    const { create } = setUp({ cpu: '1' });
    const containers = ['b', 'a'].map((name) => ({ name, resources: {} }));
    const initContainers = [{ name: 'c', resources: {} }];
    expect(await create('pods', pod('p', {}, { containers, initContainers }))).toBe(
      'pods "p" is forbidden: failed quota: q: must specify cpu for: a,b,c',
    );
  });

  test('parallel requests never spend the same rest', async () => {
    const { create, used } = setUp({ configmaps: '3' });
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => create('configmaps', configMap(`c${index}`))),
    );
    expect(results.filter((message) => message === '')).toHaveLength(3);
    expect(used()).toEqual({ configmaps: '3' });
  });

  test('requests under way count although nobody sees their objects yet', async () => {
    const { create, clock } = setUp({ configmaps: '1' });
    expect(await create('configmaps', configMap('a'), { store: false })).toBe('');
    expect(await create('configmaps', configMap('b'))).toContain('exceeded quota');
    await clock.advance(11_000);
    expect(await create('configmaps', configMap('b'))).toBe('');
  });

  test('what was deleted is found again when the quota seems full', async () => {
    const { create, objects } = setUp({ configmaps: '1' });
    await create('configmaps', configMap('a'));
    objects.remove('configmaps', namespace, 'a');
    expect(await create('configmaps', configMap('b'))).toBe('');
  });

  test('what one quota took is given back when another refuses', async () => {
    const { create, objects, used } = setUp({ configmaps: '5' });
    objects.put('resourcequotas', counted('r', { configmaps: '0' }));
    expect(await create('configmaps', configMap('a'))).toContain('exceeded quota: r');
    expect(used()).toEqual({ configmaps: '0' });
  });

  test('a dry run charges nothing', async () => {
    const { create, used } = setUp({ configmaps: '1' });
    expect(await create('configmaps', configMap('a'), { dryRun: true })).toBe('');
    expect(used()).toEqual({ configmaps: '0' });
  });

  test('scopes choose pods', async () => {
    const { create } = setUp({ pods: '0' }, { scopes: ['BestEffort'] });
    expect(await create('pods', pod('a'))).toContain('exceeded quota');
    expect(await create('pods', pod('b', { requests: { cpu: '1' } }))).toBe('');
    const high = setUp(
      { pods: '0' },
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
    );
    expect(await high.create('pods', pod('a', {}, { priorityClassName: 'high' }))).toContain('exceeded quota');
    expect(await high.create('pods', pod('b', {}, { priorityClassName: 'low' }))).toBe('');
  });

  test('a claim that grows is charged for the difference', async () => {
    const { plugin, create, used } = setUp({ 'requests.storage': '3Gi' });
    const claim = (size: string) => ({
      metadata: { namespace, name: 'd' },
      spec: { resources: { requests: { storage: size } } },
    });
    await create('persistentvolumeclaims', claim('1Gi'));
    const grow = (to: string) =>
      testRequest('persistentvolumeclaims', { namespace, operation: 'UPDATE', object: claim(to), old: claim('1Gi') });
    expect(await runPlugin(plugin, grow('5Gi'))).toContain(
      'requested: requests.storage=4Gi, used: requests.storage=1Gi, limited: requests.storage=3Gi',
    );
    expect(await runPlugin(plugin, grow('3Gi'))).toBe('');
    expect(used()).toEqual({ 'requests.storage': '3Gi' });
  });

  test('any namespaced kind can be counted', async () => {
    const { create } = setUp({ 'count/deployments.apps': '1' });
    expect(await create('deployments.apps', configMap('a'))).toBe('');
    expect(await create('deployments.apps', configMap('b'))).toContain(
      'exceeded quota: q, requested: count/deployments.apps=1',
    );
  });
});
