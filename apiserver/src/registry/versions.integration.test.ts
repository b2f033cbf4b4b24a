/** Kinds that are served in two versions and kept in one. */

import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { TestClient } from '../testing/test-client.js';

let test: TestApiserver;
let client: TestClient;
const autoscalers = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

beforeAll(async () => {
  test = await startTestApiserver();
  client = test.admin;
});
afterAll(() => test.close());

describe('horizontal pod autoscalers', () => {
  it('are created as v1 and read as v2', async () => {
    const created = await client.post(autoscalers('v1'), {
      metadata: { name: 'old' },
      spec: { maxReplicas: 5, scaleTargetRef: target, targetCPUUtilizationPercentage: 60 },
    });
    expect([created.code, created.body.apiVersion]).toEqual([201, 'autoscaling/v1']);
    expect(created.body.spec).toMatchObject({ minReplicas: 1, targetCPUUtilizationPercentage: 60 });
    const { body } = await client.get(`${autoscalers('v2')}/old`);
    expect(body.spec.metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
    ]);
    expect(body.metadata.annotations).toBeUndefined();
    expect(body.metadata.resourceVersion).toBe(created.body.metadata.resourceVersion);
  });

  it('keep in v1 what only v2 can say', async () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      { type: 'Pods', pods: { metric: { name: 'rate' }, target: { type: 'AverageValue', averageValue: '10' } } },
    ];
    const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
    const spec = { maxReplicas: 5, scaleTargetRef: target, metrics, behavior };
    const created = await client.post(autoscalers('v2'), { metadata: { name: 'new' }, spec });
    expect(created.code).toBe(201);
    const { body: old } = await client.get(`${autoscalers('v1')}/new`);
    expect(old.spec.targetCPUUtilizationPercentage).toBeUndefined();
    expect(JSON.parse(old.metadata.annotations['autoscaling.alpha.kubernetes.io/metrics'])).toEqual([
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
      { type: 'Pods', pods: { metricName: 'rate', targetAverageValue: '10' } },
    ]);
    old.spec.maxReplicas = 7;
    old.metadata.labels = { a: 'b' };
    expect((await client.put(`${autoscalers('v1')}/new`, old)).code).toBe(200);
    const { body } = await client.get(`${autoscalers('v2')}/new`);
    expect(body.spec).toEqual({ ...created.body.spec, maxReplicas: 7 });
    expect(body.metadata.annotations).toBeUndefined();
  });

  it('are patched, applied and watched in either version', async () => {
    const { body } = await client.get(autoscalers('v1'));
    const watch = await client.watch(
      `${autoscalers('v1')}?watch=true&resourceVersion=${body.metadata.resourceVersion}`,
    );
    const patched = await client.patch(`${autoscalers('v2')}/old`, 'strategic', { spec: { minReplicas: 2 } });
    expect(patched.code).toBe(200);
    const event = await watch.next();
    watch.stop();
    expect(event.object).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { minReplicas: 2, targetCPUUtilizationPercentage: 60 },
    });
    for (const version of ['v1', 'v2', 'v1']) {
      const configuration = {
        apiVersion: `autoscaling/${version}`,
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'old' },
        spec: { maxReplicas: 9 },
      };
      const applied = await client.patch(
        `${autoscalers(version)}/old?fieldManager=me&force=true`,
        'apply',
        configuration,
      );
      expect([applied.code, applied.body.message]).toEqual([200, undefined]);
      expect(applied.body.spec.maxReplicas).toBe(9);
    }
  });

  it('lose owners in one version by changes in another', async () => {
    const spec = { maxReplicas: 5, scaleTargetRef: target };
    const configuration = (version: string, content: object) => ({
      apiVersion: `autoscaling/${version}`,
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'owned' },
      spec: { ...spec, ...content },
    });
    const path = (version: string, rest: string) => `${autoscalers(version)}/owned?${rest}`;
    const first = configuration('v1', { targetCPUUtilizationPercentage: 60 });
    expect((await client.patch(path('v1', 'fieldManager=one'), 'apply', first)).code).toBe(201);
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ];
    const second = configuration('v2', { metrics });
    const refused = await client.patch(path('v2', 'fieldManager=two'), 'apply', second);
    expect([refused.code, refused.body.details?.causes]).toEqual([
      409,
      [
        {
          reason: 'FieldManagerConflict',
          message: 'conflict with "one"',
          field: '.spec.targetCPUUtilizationPercentage',
        },
      ],
    ]);
    const forced = await client.patch(path('v2', 'fieldManager=two&force=true'), 'apply', second);
    expect(forced.code).toBe(200);
    type Entry = { manager: string; apiVersion: string; fieldsV1: { 'f:spec': object } };
    const entries: Entry[] = forced.body.metadata.managedFields;
    expect(entries.map((entry) => [entry.manager, entry.apiVersion, Object.keys(entry.fieldsV1['f:spec'])])).toEqual([
      ['one', 'autoscaling/v1', ['f:maxReplicas', 'f:scaleTargetRef']],
      ['two', 'autoscaling/v2', ['f:maxReplicas', 'f:metrics', 'f:scaleTargetRef']],
    ]);
  });

  it('are refused with the paths of the newer version', async () => {
    const refused = await client.post(autoscalers('v1'), {
      metadata: { name: 'bad' },
      spec: { maxReplicas: 0, scaleTargetRef: target },
    });
    expect(refused.body.message).toContain('spec.maxReplicas: Invalid value: 0: must be greater than 0');
  });

  it('prefer v2', async () => {
    expect((await client.get('/apis/autoscaling')).body.preferredVersion.version).toBe('v2');
    expect((await client.get(autoscalers('v3'))).code).toBe(404);
  });
});

describe('events', () => {
  const path = (api: string) => `${api}/namespaces/default/events`;
  const newer = '/apis/events.k8s.io/v1';

  it('are the same in both groups', async () => {
    const created = await client.post(path(newer), {
      metadata: { name: 'new' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Pod', name: 'web', namespace: 'default' },
      note: 'said',
      reason: 'Because',
      action: 'Doing',
      type: 'Normal',
      reportingController: 'example.com/me',
      reportingInstance: 'me-1',
    });
    expect([created.code, created.body.apiVersion]).toEqual([201, 'events.k8s.io/v1']);
    const { body } = await client.get(`${path('/api/v1')}/new`);
    expect(body).toMatchObject({
      apiVersion: 'v1',
      message: 'said',
      involvedObject: { name: 'web' },
      reportingComponent: 'example.com/me',
    });
    const list = await client.get(`${path(newer)}?fieldSelector=regarding.name%3Dweb,reason%3DBecause`);
    expect(list.body.items).toHaveLength(1);
    expect(list.body.items[0].note).toBe('said');
  });

  it('of the old style have no event time', async () => {
    await client.post(path('/api/v1'), {
      metadata: { name: 'old' },
      involvedObject: { kind: 'Pod', name: 'web', namespace: 'default' },
      message: 'said',
      count: 3,
      source: { component: 'kubelet' },
    });
    const { body } = await client.get(`${path(newer)}/old`);
    expect(body).toMatchObject({ eventTime: null, deprecatedCount: 3, deprecatedSource: { component: 'kubelet' } });
    expect((await client.patch(`${path(newer)}/old`, 'merge', { metadata: { labels: { a: 'b' } } })).code).toBe(200);
    expect((await client.delete(`${path(newer)}/old`)).code).toBe(200);
    expect((await client.get(`${path('/api/v1')}/old`)).code).toBe(404);
  });

  it('of the new style have to be complete', async () => {
    const refused = await client.post(path(newer), { metadata: { name: 'bad' }, regarding: { namespace: 'default' } });
    expect(refused.body.message).toContain('eventTime: Required value');
  });
});
