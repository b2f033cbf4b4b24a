/** A definition may say later that a list or an object is one value or several: what appliers own follows it. */

import { eventually } from '@kubelab/testkit/eventually';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { Answer } from '../testing/test-client.js';
import { definitionsPath, install, widgetDefinition } from './fixtures.js';

let test: TestApiserver;
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

type Json = Record<string, unknown>;

function schemaOf(granular: boolean): Json {
  const properties = { name: { type: 'string' }, value: { type: 'string' } };
  const item = { type: 'object', required: ['name'], properties };
  const topology = (kind: string, whenGranular: string): Json => ({
    [`x-kubernetes-${kind}-type`]: granular ? whenGranular : 'atomic',
  });
  const keyed = granular ? { 'x-kubernetes-list-map-keys': ['name'] } : {};
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          rules: { type: 'array', items: item, ...topology('list', 'map'), ...keyed },
          tags: { type: 'array', items: { type: 'string' }, ...topology('list', 'set') },
          labels: { type: 'object', additionalProperties: { type: 'string' }, ...topology('map', 'granular') },
        },
      },
    },
  };
}

/** Replaces the definition's schema and waits until it counts: a list that is granular has keys in what its applier owns. */
async function change(granular: boolean): Promise<void> {
  const path = `${definitionsPath}/widgets.example.com`;
  const { body } = await test.admin.get(path);
  const [version] = body.spec.versions;
  const versions = [{ ...version, schema: { openAPIV3Schema: schemaOf(granular) } }];
  const { code } = await test.admin.put(path, { ...body, spec: { ...body.spec, versions } });
  expect(code).toBe(200);
  await eventually(async () => {
    const { body: probe } = await apply('probe', 'prober', { tags: ['x'] });
    expect('v:"x"' in fieldsOf(probe, 'prober')['f:tags']).toBe(granular);
    await test.admin.delete(`${widgets}/probe`);
  });
}

function apply(name: string, manager: string, spec: Json, query = ''): Promise<Answer> {
  const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec };
  return test.admin.patch(`${widgets}/${name}?fieldManager=${manager}${query}`, 'apply', body);
}

interface Entry {
  manager: string;
  fieldsV1: Record<'f:spec', Record<string, object>>;
}

function fieldsOf(object: { metadata: { managedFields: Entry[] } }, manager: string): Fields {
  const entry = object.metadata.managedFields.find((candidate) => candidate.manager === manager);
  return (entry?.fieldsV1['f:spec'] ?? {}) as unknown as Fields;
}

/** By the names of fields. */
interface Fields {
  'f:tags': object;
}

const one = { rules: [{ name: 'a', value: '1' }], tags: ['a'], labels: { a: '1' } };
const two = { rules: [{ name: 'b', value: '2' }], tags: ['b'], labels: { b: '2' } };
const item = { '.': {}, 'f:name': {}, 'f:value': {} };

beforeAll(async () => {
  test = await startTestApiserver();
  await install(test.admin, widgetDefinition({ schema: schemaOf(false) }));
});
afterAll(() => test?.close());

it('becomes granular: appliers share what one of them owned as a whole', async () => {
  await change(false);
  expect((await apply('shared', 'one', one)).code).toBe(201);
  const refused = await apply('shared', 'two', two);
  expect([refused.code, refused.body.message]).toEqual([
    409,
    'Apply failed with 3 conflicts: conflicts with "one":\n- .spec.labels\n- .spec.rules\n- .spec.tags',
  ]);
  await change(true);
  const both = await apply('shared', 'two', two);
  expect([both.code, both.body.spec]).toEqual([
    200,
    { rules: [...one.rules, ...two.rules], tags: ['a', 'b'], labels: { a: '1', b: '2' } },
  ]);
  expect(fieldsOf(both.body, 'one')).toEqual({
    'f:labels': { '.': {}, 'f:a': {} },
    'f:rules': { '.': {}, 'k:{"name":"a"}': item },
    'f:tags': { '.': {}, 'v:"a"': {} },
  });
  // What the first drops goes, what the second owns stays.
  const dropped = await apply('shared', 'one', {});
  expect(dropped.body.spec).toEqual(two);
});

it('becomes atomic: who owned parts owns the whole, and others have to fight for it', async () => {
  await change(true);
  expect((await apply('whole', 'one', one)).code).toBe(201);
  await change(false);
  const refused = await apply('whole', 'two', two);
  expect([refused.code, refused.body.details.causes.map(({ field }: { field: string }) => field)]).toEqual([
    409,
    ['.spec.labels', '.spec.rules', '.spec.tags'],
  ]);
  const forced = await apply('whole', 'two', two, '&force=true');
  expect([forced.code, forced.body.spec]).toEqual([200, two]);
  expect(fieldsOf(forced.body, 'one')).toEqual({});
  expect(fieldsOf(forced.body, 'two')).toEqual({ 'f:labels': {}, 'f:rules': {}, 'f:tags': {} });
});

it('refuses items with the same key once a list has keys', async () => {
  await change(false);
  const twice = {
    rules: [
      { name: 'a', value: '1' },
      { name: 'a', value: '2' },
    ],
  };
  expect((await apply('twice', 'one', twice)).code).toBe(201);
  await change(true);
  const { code, body } = await apply('twice', 'one', twice);
  expect([code, body.message]).toEqual([500, expect.stringContaining('duplicate entries for key [name="a"]')]);
  expect((await apply('twice', 'one', one)).body.spec).toEqual(one);
});
