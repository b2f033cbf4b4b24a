import type { JsonSchema } from './json-schema.js';
import { customDefinitions } from './openapi.js';

const names = { group: 'example.com', version: 'v1', kind: 'Foo', listKind: 'FooList' };

function published(spec: JsonSchema): { v2: unknown; v3: unknown } {
  const schema: JsonSchema = { type: 'object', properties: { spec } };
  const { v2, v3 } = customDefinitions(names, schema);
  const specOf = (definitions: Readonly<Record<string, object>>): unknown =>
    (definitions['com.example.v1.Foo'] as { properties: Record<string, unknown> }).properties['spec'];
  return { v2: specOf(v2), v3: specOf(v3) };
}

const fields: JsonSchema = { type: 'object', properties: { a: { type: 'object' } }, required: ['a'] };

// kubectl that validates by v2 refuses a null, and unknown fields, in whatever has a type.
test.each<[string, JsonSchema]>([
  ['keeps unknown fields', { ...fields, 'x-kubernetes-preserve-unknown-fields': true }],
  ['may be null', { ...fields, nullable: true }],
  [
    'is any object',
    { ...fields, 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-embedded-resource': true },
  ],
])('in v2, what %s has no type', (_, spec) => {
  const { v2, v3 } = published(spec);
  for (const field of ['type', 'properties', 'required']) expect(v2).not.toHaveProperty(field);
  expect(v3).toMatchObject({ type: 'object', properties: { a: { type: 'object' } } });
});

test('an embedded object has the fields of every object', () => {
  const { v2 } = published({ type: 'object', 'x-kubernetes-embedded-resource': true });
  expect(v2).toMatchObject({ type: 'object', properties: { apiVersion: { type: 'string' } } });
});

test('of a whole kind that keeps unknown fields v2 tells nothing', () => {
  const schema = { ...fields, description: 'x', 'x-kubernetes-preserve-unknown-fields': true };
  const { v2, v3 } = customDefinitions(names, schema);
  const group = { 'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Foo' }] };
  expect(v2['com.example.v1.Foo']).toEqual({ type: 'object', ...group });
  expect(v3['com.example.v1.Foo']).toMatchObject({ ...schema, ...group, properties: { kind: { type: 'string' } } });
});
