import { eventually } from '@kubelab/testkit/eventually';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { TestClient } from '../testing/test-client.js';
import { createTestClient } from '../testing/test-client.js';
import { startApiserver } from '../wire.js';
import { definitionsPath, established, install, widget, widgetDefinition } from './fixtures.js';

let test: TestApiserver;
let client: TestClient;
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

beforeAll(async () => {
  test = await startTestApiserver();
  client = test.admin;
  await install(client, widgetDefinition({ names: { shortNames: ['wd'], categories: ['all'] } }));
});
afterAll(() => test.close());

describe('a served kind', () => {
  it('has the conditions and names of its definition', async () => {
    const { body } = await client.get(`${definitionsPath}/widgets.example.com`);
    expect(body.status.acceptedNames).toEqual({
      categories: ['all'],
      kind: 'Widget',
      listKind: 'WidgetList',
      plural: 'widgets',
      shortNames: ['wd'],
      singular: 'widget',
    });
    expect(body.status.storedVersions).toEqual(['v1']);
    expect(body.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
    ]);
  });

  it('is in discovery, legacy and aggregated', async () => {
    const list = await client.get('/apis/example.com/v1');
    expect(list.body.resources.map(({ name }: { name: string }) => name)).toEqual([
      'widgets',
      'widgets/scale',
      'widgets/status',
    ]);
    expect(list.body.resources[0]).toMatchObject({ shortNames: ['wd'], categories: ['all'], kind: 'Widget' });
    expect((await client.get('/apis')).text).toContain('"example.com/v1"');
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect((await client.get('/apis', { Accept: accept })).text).toContain('"WidgetList"'.replace('List', ''));
  });

  it('is in OpenAPI v2 and v3', async () => {
    const { body } = await client.get('/openapi/v3');
    const url: string = body.paths['apis/example.com/v1'].serverRelativeURL;
    const document = await client.get(url);
    expect(document.code).toBe(200);
    const schemas = document.body.components.schemas;
    expect(schemas['com.example.v1.Widget'].properties.spec.properties.size).toMatchObject({
      type: 'integer',
      maximum: 10,
    });
    expect(schemas['com.example.v1.Widget'].properties.metadata.allOf).toEqual([
      { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    ]);
    const v2 = (await client.get('/openapi/v2')).body;
    expect(v2.definitions['com.example.v1.Widget'].properties.spec.properties.note.type).toBeUndefined();
    expect(v2.paths['/apis/example.com/v1/namespaces/{namespace}/widgets']).toBeDefined();
  });

  it('prunes, defaults and keeps', async () => {
    const spec = {
      size: 3,
      extra: 1,
      note: null,
      port: '80%',
      free: { any: { thing: [1] } },
      rules: [{ name: 'a', bad: 1 }],
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', wrong: 1 }, spec: { y: 1 } },
    };
    const created = await client.post(widgets, widget('full', spec, { other: 1 }));
    expect(created.code).toBe(201);
    expect(created.body.other).toBeUndefined();
    expect(created.body.metadata.generation).toBe(1);
    expect(created.body.spec).toEqual({
      size: 3,
      color: 'red',
      note: null,
      port: '80%',
      replicas: 1,
      free: { any: { thing: [1] } },
      rules: [{ name: 'a', value: 'none' }],
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { y: 1 } },
    });
    const strict = await client.post(`${widgets}?fieldValidation=Strict`, widget('no', spec));
    expect(strict.code).toBe(400);
    expect(strict.body.message).toContain('unknown field "spec.extra"');
    expect(strict.body.message).toContain('unknown field "spec.rules[0].bad"');
    const warned = await client.post(`${widgets}?fieldValidation=Warn&dryRun=All`, widget('warned', spec));
    expect(warned.headers.warning).toContain('unknown field \\"spec.extra\\"');
  });

  it.each([
    ['a missing field', {}, 'spec.size: Required value'],
    [
      'a number that is too large',
      { size: 11 },
      'spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10',
    ],
    [
      'a wrong type',
      { size: 'x' },
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    ],
    ['a null', { size: null }, 'spec.size: Required value'],
    [
      'no member of an enumeration',
      { size: 1, color: 'blue' },
      'spec.color: Unsupported value: "blue": supported values: "red", "green"',
    ],
    [
      'another int or string',
      { size: 1, port: true },
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    ['a duplicate in a set', { size: 1, tags: ['a', 'b', 'a'] }, 'spec.tags[2]: Duplicate value: "a"'],
    [
      'a duplicate key',
      { size: 1, rules: [{ name: 'a' }, { name: 'a' }] },
      'spec.rules[1]: Duplicate value: {"name":"a"}',
    ],
    [
      'a pattern that backtracks',
      { size: 1, code: `${'a'.repeat(30_000)}!` },
      "spec.code in body should match '^(a+)+$'",
    ],
    [
      'an embedded object without kind',
      { size: 1, template: { apiVersion: 'v1' } },
      'spec.template.kind: Required value: must not be empty',
    ],
  ])('refuses %s', async (_, spec, message) => {
    const answer = await client.post(widgets, widget('bad', spec));
    expect([answer.code, answer.body.reason]).toEqual([422, 'Invalid']);
    expect(answer.body.message).toContain('Widget.example.com "bad" is invalid: ');
    expect(answer.body.message).toContain(message);
  });

  it('leaves faults alone that an update does not touch', async () => {
    await install(
      client,
      widgetDefinition({
        kind: 'Loose',
        plural: 'looses',
        schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } } },
        },
      }),
    );
    const path = '/apis/example.com/v1/namespaces/default/looses';
    await client.post(path, {
      apiVersion: 'example.com/v1',
      kind: 'Loose',
      metadata: { name: 'x' },
      spec: { a: 'long', b: 'b' },
    });
    const { body: definition } = await client.get(`${definitionsPath}/looses.example.com`);
    definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.a.maxLength = 2;
    expect((await client.put(`${definitionsPath}/looses.example.com`, definition)).code).toBe(200);
    await eventually(async () => {
      const refused = await client.patch(`${path}/x`, 'merge', { spec: { a: 'longer' } });
      if (refused.code !== 422) throw new Error('the new schema is not in force');
      expect(refused.body.message).toContain('spec.a: Too long: may not be more than 2 bytes');
    });
    expect((await client.patch(`${path}/x`, 'merge', { spec: { b: 'c' } })).code).toBe(200);
  });

  it('has status and scale', async () => {
    await client.post(widgets, widget('scaled', { size: 1 }, { status: { phase: 'Lost' } }));
    const status = await client.put(`${widgets}/scaled/status`, {
      ...widget('scaled', { size: 9 }),
      status: { replicas: 2, selector: 'a=b', phase: 'Up' },
    });
    expect(status.body).toMatchObject({ spec: { size: 1 }, status: { phase: 'Up' }, metadata: { generation: 1 } });
    const scale = await client.get(`${widgets}/scaled/scale`);
    expect(scale.body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { replicas: 2, selector: 'a=b' },
    });
    const scaled = await client.patch(`${widgets}/scaled/scale`, 'merge', { spec: { replicas: 4 } });
    expect(scaled.body.spec.replicas).toBe(4);
    const { body } = await client.get(`${widgets}/scaled`);
    expect(body.spec.replicas).toBe(4);
    expect(body.metadata.generation).toBe(2);
  });

  it('is selected by its own fields', async () => {
    await client.post(widgets, widget('green', { size: 1, color: 'green' }));
    const list = await client.get(`${widgets}?fieldSelector=spec.color%3Dgreen`);
    expect(list.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['green']);
    expect((await client.get(`${widgets}?fieldSelector=spec.size%3D1`)).code).toBe(400);
  });

  it('is shown as a table', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = await client.get(`${widgets}/scaled`, { Accept: accept });
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Size', 'Phase', 'Age']);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(['scaled', 1, 'Up']);
  });

  it('merges lists by key in server-side apply and refuses strategic merge patches', async () => {
    const apply = (manager: string, rule: string) =>
      client.patch(
        `${widgets}/applied?fieldManager=${manager}`,
        'apply',
        widget('applied', { size: 1, rules: [{ name: rule }] }),
      );
    expect((await apply('one', 'a')).code).toBe(201);
    const second = await apply('two', 'b');
    expect(second.body.spec.rules.map(({ name }: { name: string }) => name)).toEqual(['a', 'b']);
    const refused = await client.patch(`${widgets}/applied`, 'strategic', { spec: { size: 2 } });
    expect(refused.code).toBe(415);
  });
});

describe('several versions', () => {
  const one = {
    name: 'v1',
    served: true,
    storage: false,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
      },
    },
  };
  const two = {
    name: 'v2',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string', default: 'new' } } },
        },
      },
    },
  };
  const path = (version: string) => `/apis/many.example.com/${version}/things`;

  it('are one storage with different schemas', async () => {
    const spec = { scope: 'Cluster', versions: [one, two] };
    await install(client, widgetDefinition({ kind: 'Thing', plural: 'things', group: 'many.example.com', spec }));
    const created = await client.post(path('v1'), {
      apiVersion: 'many.example.com/v1',
      kind: 'Thing',
      metadata: { name: 'x' },
      spec: { a: 'A', b: 'pruned' },
    });
    expect([created.code, created.body.apiVersion, created.body.spec]).toEqual([
      201,
      'many.example.com/v1',
      { a: 'A' },
    ]);
    const other = await client.get(`${path('v2')}/x`);
    expect([other.body.apiVersion, other.body.spec]).toEqual(['many.example.com/v2', { a: 'A', b: 'new' }]);
    expect(other.body.metadata.uid).toBe(created.body.metadata.uid);
    const watch = await client.watch(
      `${path('v1')}?watch=true&resourceVersion=${created.body.metadata.resourceVersion}`,
    );
    await client.patch(`${path('v2')}/x`, 'merge', { spec: { b: 'B' } });
    const event = await watch.next();
    watch.stop();
    expect([event.type, event.object.apiVersion, event.object.spec]).toEqual([
      'MODIFIED',
      'many.example.com/v1',
      { a: 'A' },
    ]);
    const stored = (await client.get(path('v2'))).body.items;
    expect(stored[0].spec).toEqual({ a: 'A', b: 'B' });
    const groups = (await client.get('/apis/many.example.com')).body;
    expect(groups.preferredVersion.version).toBe('v2');
  });

  it('move what they store when it is written', async () => {
    const name = 'things.many.example.com';
    const { body } = await client.get(`${definitionsPath}/${name}`);
    body.spec.versions[0].storage = true;
    body.spec.versions[1].storage = false;
    const changed = await client.put(`${definitionsPath}/${name}`, body);
    expect(changed.body.status.storedVersions).toEqual(['v2', 'v1']);
    const before = (await client.get(`${path('v1')}/x`)).body;
    await eventually(async () => {
      const { body: after } = await client.put(`${path('v1')}/x`, before);
      expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
    });
    const dropped = { ...changed.body, spec: { ...changed.body.spec, versions: [body.spec.versions[0]] } };
    delete dropped.metadata.resourceVersion;
    const refused = await client.patch(`${definitionsPath}/${name}`, 'merge', { spec: dropped.spec });
    expect(refused.body.message).toContain('status.storedVersions[0]: Invalid value: "v2": missing from spec.versions');
  });
});

describe('definitions', () => {
  it('that want the names of others wait for them', async () => {
    const rival = widgetDefinition({ kind: 'Widget', plural: 'rivals' });
    expect((await client.post(definitionsPath, rival)).code).toBe(201);
    await eventually(async () => {
      const { body } = await client.get(`${definitionsPath}/rivals.example.com`);
      expect(body.status.conditions).toMatchObject([
        {
          type: 'NamesAccepted',
          status: 'False',
          reason: 'ListKindConflict',
          message: '"WidgetList" is already in use',
        },
        { type: 'Established', status: 'False', reason: 'NotAccepted' },
      ]);
    });
    expect((await client.get('/apis/example.com/v1/namespaces/default/rivals')).code).toBe(404);
    expect((await client.delete(`${definitionsPath}/rivals.example.com`)).code).toBe(200);
  });

  it('take their objects with them', async () => {
    const path = '/apis/example.com/v1/namespaces/default/gones';
    await install(client, widgetDefinition({ kind: 'Gone', plural: 'gones' }));
    const gone = (name: string, metadata = {}) => ({
      apiVersion: 'example.com/v1',
      kind: 'Gone',
      metadata: { name, ...metadata },
      spec: { size: 1 },
    });
    await client.post(path, gone('free'));
    await client.post(path, gone('held', { finalizers: ['example.com/hold'] }));
    const watch = await client.watch(`${path}?watch=true`);
    const deleted = await client.delete(`${definitionsPath}/gones.example.com`);
    expect(deleted.body.metadata?.finalizers ?? deleted.body.status).toEqual([
      'customresourcecleanup.apiextensions.k8s.io',
    ]);
    await eventually(async () => {
      const { body } = await client.get(path);
      expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['held']);
    });
    await eventually(async () => {
      const refused = await client.post(path, gone('late'));
      expect(refused.body.message).toBe('create not allowed while custom resource definition is terminating');
    });
    expect((await client.get(`${definitionsPath}/gones.example.com`)).code).toBe(200);
    const { body: held } = await client.get(`${path}/held`);
    expect(held.metadata.deletionTimestamp).toBeDefined();
    await eventually(async () => {
      await client.patch(`${path}/held`, 'merge', { metadata: { finalizers: null } });
      expect((await client.get(`${definitionsPath}/gones.example.com`)).code).toBe(404);
    });
    expect((await client.get(path)).code).toBe(404);
    expect((await client.get('/apis/example.com/v1')).text).not.toContain('gones');
    await watch.ended;
    await install(client, widgetDefinition({ kind: 'Gone', plural: 'gones' }));
    expect((await client.get(path)).body.items).toEqual([]);
    expect((await client.post(path, gone('free'))).code).toBe(201);
  });

  it('are known to every server of the cluster', async () => {
    const second = await startApiserver(test.config);
    const { certificates } = test;
    const identity = await certificates.issueClient('admin', ['system:masters']);
    const other = createTestClient({ port: second.port, ca: certificates.ca, ...identity });
    try {
      // Those that were there when it started, at once.
      expect((await other.get(widgets)).body.items.length).toBeGreaterThan(2);
      await install(other, widgetDefinition({ kind: 'Shared', plural: 'shareds' }));
      const path = '/apis/example.com/v1/namespaces/default/shareds';
      await eventually(async () => expect((await client.get(path)).code).toBe(200));
      const created = await client.post(path, {
        apiVersion: 'example.com/v1',
        kind: 'Shared',
        metadata: { name: 'x' },
        spec: { size: 1 },
      });
      expect(created.code).toBe(201);
      expect((await other.get(`${path}/x`)).code).toBe(200);
      await client.delete(`${definitionsPath}/shareds.example.com`);
      await eventually(async () => expect((await other.get(path)).code).toBe(404));
      await eventually(async () => expect((await client.get(path)).code).toBe(404));
    } finally {
      other.close();
      await second.close();
    }
  });

  it('that change end the watches on their kind', async () => {
    await established(client, 'widgets.example.com');
    const watch = await client.watch(`${widgets}?watch=true`);
    const columns = [{ op: 'remove', path: '/spec/versions/0/additionalPrinterColumns' }];
    expect((await client.patch(`${definitionsPath}/widgets.example.com`, 'json', columns)).code).toBe(200);
    await watch.ended;
    await eventually(async () => expect((await client.get(`${widgets}/scaled`)).code).toBe(200));
  });

  it.each([
    [
      'conversion webhooks',
      { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } },
      'conversion webhooks are not supported by this server yet',
    ],
    [
      'another name',
      { group: 'other.com' },
      'metadata.name: Invalid value: "bads.example.com": must be spec.names.plural+"."+spec.group',
    ],
    [
      'no version',
      { versions: [] },
      'spec.versions: Invalid value: []: must have exactly one version marked as storage version',
    ],
    [
      'an unknown scope',
      { scope: 'Galaxy' },
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
    ],
    ['fields kept everywhere', { preserveUnknownFields: true }, 'spec.preserveUnknownFields: Invalid value: true'],
    [
      'a group without a dot',
      { group: 'example' },
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
    [
      'a protected group',
      { group: 'x.k8s.io' },
      'protected groups must have approval annotation "api-approved.kubernetes.io"',
    ],
  ])('with %s are refused', async (_, spec, message) => {
    const refused = await client.post(definitionsPath, {
      ...widgetDefinition({ kind: 'Bad', plural: 'bads', spec }),
      metadata: { name: 'bads.example.com' },
    });
    expect([refused.code, refused.body.message]).toEqual([422, expect.stringContaining(message)]);
  });

  it.each([
    ['a text', 'x'],
    [
      'a list of schemas as items',
      { openAPIV3Schema: { type: 'object', properties: { a: { type: 'array', items: [{ type: 'string' }, 5] } } } },
    ],
    ['a number as schema', { openAPIV3Schema: 5 }],
    ['a text as a flag', { openAPIV3Schema: { type: 'object', additionalProperties: 'yes' } }],
    ['required fields that are none', { openAPIV3Schema: { type: 'object', required: [{}] } }],
  ])('with %s for a schema are refused', async (_, schema) => {
    const definition = widgetDefinition({ kind: 'Bad', plural: 'bads', version: { schema, selectableFields: [] } });
    const refused = await client.post(definitionsPath, definition);
    expect([400, 422]).toContain(refused.code);
  });
});
