import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { encodeObject, isStoredObject, StoredEntry } from './encoding.js';
import { pod } from './suite/fixtures.js';

test('metadata comes third whatever the order of the fields, without resourceVersion', () => {
  const { kind, apiVersion, metadata, spec } = pod('a');
  const object = { spec, metadata: { ...metadata, resourceVersion: '5' }, apiVersion, kind } as UnstructuredObject;
  expect(encodeObject(object).toString()).toMatch(/^\{"kind":"Pod","apiVersion":"v1","metadata":\{"name":"a"/);
  expect(encodeObject(object).includes('resourceVersion')).toBe(false);
});

test.each([
  ['an ordinary object', pod('a', { value: 'x' })],
  ['empty metadata', { kind: 'Pod', apiVersion: 'v1', metadata: {} } as unknown as UnstructuredObject],
  ['text that looks like metadata', { ...pod('a'), apiVersion: 'v1","metadata":{' }],
  ['text beyond ASCII', pod('\u{1f600}', { value: 'ß' })],
])('%s keeps its content when the revision is spliced in and taken out', (_, object) => {
  const stored = encodeObject(object);
  const entry = new StoredEntry('k', 42, stored);
  expect(entry.equalsStored(stored)).toBe(true);
  const parsed: unknown = JSON.parse(entry.bytes.toString());
  expect(parsed).toEqual({ ...object, metadata: { ...object.metadata, resourceVersion: '42' } });
  expect(entry.object).toEqual(parsed);
  expect(entry.stored.equals(stored)).toBe(true);
  expect(entry.equalsStored(stored)).toBe(true);
  const { kind: _kind, apiVersion: _apiVersion, ...item } = parsed as Record<string, unknown>;
  expect(JSON.parse(`{${entry.bytes.subarray(entry.itemOffset).toString()}`)).toEqual(item);
  const deleted = entry.withRevision(1_000);
  expect(deleted.object.metadata.resourceVersion).toBe('1000');
  expect(deleted.itemOffset).toBe(entry.itemOffset);
});

test('what can be made again goes when nobody asks for it', () => {
  const entry = new StoredEntry('k', 42, encodeObject(pod('a')));
  const { object } = entry;
  entry.protobuf = Buffer.from('x');
  entry.coolIfIdle();
  expect(entry.object).toBe(object);
  expect(entry.protobuf?.toString()).toBe('x');
  entry.coolIfIdle();
  entry.coolIfIdle();
  expect(entry.protobuf).toBeUndefined();
  expect(entry.object).not.toBe(object);
  expect(entry.object).toEqual(object);
});

test('other bytes are not equal, before and after the splice', () => {
  const entry = new StoredEntry('k', 42, encodeObject(pod('a', { value: 1 })));
  for (let round = 0; round < 2; round++) {
    expect(entry.equalsStored(encodeObject(pod('a', { value: 2 })))).toBe(false);
    expect(entry.equalsStored(encodeObject(pod('b', { value: 1 })))).toBe(false);
    expect(entry.equalsStored(encodeObject(pod('a', { value: 10 })))).toBe(false);
    void entry.bytes;
  }
});

test.each([
  ['', false],
  ['{}', false],
  ['k8s\u0000protobuf', false],
  ['{"kind":"Pod"}', false],
  ['{"kind":"Pod","apiVersion":"v1","metadata":{', false],
  [encodeObject(pod('a')).toString(), true],
])('stored bytes %j are an object: %s', (text, expected) => {
  expect(isStoredObject(Buffer.from(text))).toBe(expected);
});

test('a glance at an object does not keep it, and takes the one that is kept', () => {
  const entry = new StoredEntry('k', 42, encodeObject(pod('a')));
  const seen = entry.glance();
  expect(entry.glance()).not.toBe(seen);
  expect(entry.object).toEqual(seen);
  expect(entry.glance()).toBe(entry.object);
});

test('the same state under another revision is held once', () => {
  const last = new StoredEntry('k', 42, encodeObject(pod('a')));
  const { bytes, object } = last;
  const deleted = last.withRevision(43);
  expect(deleted.size).toBe(last.size);
  expect(deleted.bytes.toString()).toBe(bytes.toString().replace('"resourceVersion":"42"', '"resourceVersion":"43"'));
  expect(deleted.object.metadata.resourceVersion).toBe('43');
  expect(deleted.object['spec']).toBe(object['spec']);
  expect(deleted.size).toBe(last.size);
  expect(deleted.withRevision(44).bytes.includes('"resourceVersion":"44"')).toBe(true);
  const before = deleted.bytes;
  deleted.cool();
  expect(deleted.bytes).not.toBe(before);
  expect(deleted.bytes.equals(before)).toBe(true);
  expect(last.bytes).toBe(bytes);
});
