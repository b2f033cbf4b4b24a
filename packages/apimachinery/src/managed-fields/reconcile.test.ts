import { anyGranular, type FieldSchema, type TypeSchema } from '../schema.js';
import { applyServerSide } from './apply.js';
import { FieldSet } from './field-set.js';
import { type Owner, ownerId } from './managers.js';
import { reconcileOwners } from './reconcile.js';
import { updateManagedFields } from './update.js';

const text: TypeSchema = { kind: 'scalar', type: 'string' };

function struct(name: string, fields: Record<string, TypeSchema>, atomic = false): TypeSchema {
  const field = (key: string): FieldSchema | undefined => {
    const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
    return type && { type, required: false, byValue: false, patchStrategies: [] };
  };
  return { kind: 'struct', name, atomic, field };
}

const item = struct('Item', { name: text, value: text });

/** One definition before and after its topology changed. */
const rootSchema = (atomic: boolean): TypeSchema =>
  struct('Root', {
    apiVersion: text,
    kind: text,
    metadata: anyGranular,
    map: { kind: 'map', atomic, values: text },
    inner: struct('Inner', { a: text, b: text }, atomic),
    set: { kind: 'list', listType: atomic ? 'atomic' : 'set', keys: [], items: text },
    list: { kind: 'list', listType: atomic ? 'atomic' : 'map', keys: atomic ? [] : ['name'], items: item },
    any: anyGranular,
  });

const live = {
  map: { x: '1', y: '2' },
  inner: { a: '1', b: '2' },
  set: ['p', 'q'],
  list: [{ name: 'n', value: 'v' }],
  any: { k: 'v' },
};

const granular = {
  'f:map': { '.': {}, 'f:x': {}, 'f:y': {} },
  'f:inner': { '.': {}, 'f:a': {}, 'f:b': {} },
  'f:set': { '.': {}, 'v:"p"': {}, 'v:"q"': {} },
  'f:list': { '.': {}, 'k:{"name":"n"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
};
const whole = { 'f:map': {}, 'f:inner': {}, 'f:set': {}, 'f:list': {} };

function reconciled(fields: object, schema: TypeSchema): unknown {
  const owner: Owner = {
    manager: 'm',
    operation: 'Apply',
    apiVersion: 'test/v1',
    subresource: '',
    set: FieldSet.parse(fields),
  };
  const owners = new Map([[ownerId(owner), owner]]);
  reconcileOwners(owners, { schema, live, apiVersion: 'test/v1' });
  return owner.set.toFieldsV1();
}

test('who owned the whole of what is granular now owns what is in it', () => {
  expect(reconciled(whole, rootSchema(false))).toEqual(granular);
});

test('who owned parts of what is atomic now owns the whole', () => {
  const { 'f:map': _, ...rest } = granular;
  expect(reconciled({ 'f:map': { 'f:x': {} }, ...rest }, rootSchema(true))).toEqual(whole);
});

test('what fits already stays as it is, unknown fields and arbitrary JSON too', () => {
  const other = { 'f:any': {}, 'f:gone': { 'f:x': {} } };
  expect(reconciled({ ...granular, ...other }, rootSchema(false))).toEqual({ ...granular, ...other });
  expect(reconciled({ ...whole, ...other }, rootSchema(true))).toEqual({ ...whole, ...other });
});

const head = { apiVersion: 'test/v1', kind: 'Root' };
const request = { apiVersion: 'test/v1', kind: 'Root', time: '2024-01-01T00:00:00Z', force: false };

test('after the change two appliers can share a map that one of them owned', () => {
  const first = applyServerSide({
    ...request,
    schema: rootSchema(true),
    live: undefined,
    applied: { ...head, map: { x: '1' } },
    manager: 'one',
  });
  const both = applyServerSide({
    ...request,
    schema: rootSchema(false),
    live: first.object,
    applied: { ...head, map: { y: '2' } },
    manager: 'two',
  });
  expect(both.object['map']).toEqual({ x: '1', y: '2' });
  expect(both.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['one', { 'f:map': { '.': {}, 'f:x': {} } }],
    ['two', { 'f:map': { 'f:y': {} } }],
  ]);
});

test('arbitrary JSON that becomes something else is nobody’s but the writer’s', () => {
  const schema = rootSchema(false);
  const write = { schema, apiVersion: 'test/v1', time: request.time };
  const one = { ...head, metadata: {}, any: { k: 'v' } };
  const managedFields = updateManagedFields({ ...write, old: undefined, new: one, manager: 'one' });
  const entries = updateManagedFields({
    ...write,
    old: { ...one, metadata: { managedFields } },
    new: { ...one, any: 'text' },
    manager: 'two',
  });
  expect(entries?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([['two', { 'f:any': {} }]]);
});
