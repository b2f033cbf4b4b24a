import type { JsonObject } from '../json.js';
import { anyGranular, type TypeSchema } from '../schema.js';
import { applyServerSide } from './apply.js';
import { type UpdateManagedFieldsOptions, updateManagedFields } from './update.js';
import type { VersionLookup } from './versions.js';

const schema: TypeSchema = anyGranular;
const time = '2024-01-01T00:00:00Z';

/** `size` of v2 was `replicas` in v1; v0 is not served any more. */
const versions: VersionLookup = (apiVersion) => {
  if (apiVersion === 'test/v0') return undefined;
  return {
    schema,
    convert: (object) => {
      const { size, ...rest } = object as JsonObject;
      return size === undefined ? rest : { ...rest, replicas: size };
    },
  };
};

const entry = (manager: string, apiVersion: string, fieldsV1: object) => ({
  manager,
  operation: 'Apply' as const,
  apiVersion,
  time,
  fieldsType: 'FieldsV1' as const,
  fieldsV1,
});
const old = {
  size: 1,
  color: 'red',
  metadata: {
    managedFields: [
      entry('first', 'test/v1', { 'f:replicas': {} }),
      entry('gone', 'test/v0', { 'f:color': {} }),
      entry('second', 'test/v2', { 'f:color': {} }),
    ],
  },
};

function owners(changed: object, extra: Partial<UpdateManagedFieldsOptions> = {}): unknown {
  const managedFields = updateManagedFields({
    schema,
    old,
    new: { ...old, ...changed },
    manager: 'editor',
    apiVersion: 'test/v2',
    time,
    versions,
    ...extra,
  });
  return managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1]);
}

test('a change takes a field from its owner under the name that it has in the owner’s version', () => {
  expect(owners({ size: 2 })).toEqual([
    ['second', { 'f:color': {} }],
    ['editor', { 'f:size': {} }],
  ]);
});

test('owners keep what does not change, and those of versions that are gone are forgotten', () => {
  expect(owners({ color: 'blue' })).toEqual([
    ['first', { 'f:replicas': {} }],
    ['editor', { 'f:color': {} }],
  ]);
});

test('an apply is in conflict with an owner of another version, and prunes nothing that it applied in one that is gone', () => {
  const applied = { apiVersion: 'test/v2', kind: 'Thing', size: 3 };
  const request = { schema, live: old, applied, apiVersion: 'test/v2', kind: 'Thing', time, versions };
  expect(() => applyServerSide({ ...request, manager: 'me', force: false })).toThrow('conflict with "first"');
  const { object, managedFields } = applyServerSide({ ...request, manager: 'gone', force: true });
  expect(object).toMatchObject({ size: 3, color: 'red' });
  expect(managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['gone', { 'f:size': {} }],
    ['second', { 'f:color': {} }],
  ]);
});
