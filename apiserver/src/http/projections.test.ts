import { configMap } from '@kubelab/api/core/config-map';
import { pod } from '@kubelab/api/core/pod';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { encodeObject, StoredEntry } from '../storage/encoding.js';
import {
  metadataBytes,
  metadataListOf,
  metadataListPieces,
  storedMetadata,
  tableOf,
  tablePieces,
} from './projections.js';

const nasty = 'quote " brace } backslash \\ and both \\" {';
const object = (name: string, data: Record<string, string>): UnstructuredObject =>
  ({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      name,
      creationTimestamp: '2024-05-01T11:00:00Z',
      annotations: { [nasty]: nasty, ä: '日本' },
      managedFields: [{ manager: 'm', fieldsV1: { 'f:data': { '.': {} } } }],
    },
    data,
  }) as unknown as UnstructuredObject;
const entries = [object('a', { x: nasty }), object('b', {})].map(
  (each, index) => new StoredEntry(`default/${index}`, 7 + index, encodeObject(each)),
);

test('metadata is found in the bytes of an entry', () => {
  for (const entry of entries) expect(JSON.parse(metadataBytes(entry).toString())).toEqual(entry.object.metadata);
  expect(() => metadataBytes({ bytes: Buffer.from('{"metadata":{"a":"}'), itemOffset: 1 })).toThrow('no complete');
});

test.each(['None', 'Metadata', 'Object'] as const)('a Table in pieces is the same Table, with %s', (includeObject) => {
  const context = {
    definition: configMap,
    metaVersion: 'v1',
    includeObject,
    now: new Date('2024-05-01T12:00:00Z'),
  } as const;
  const meta = { resourceVersion: '9' };
  const whole = tableOf(
    entries.map((entry) => entry.object),
    meta,
    context,
  );
  const pieces = JSON.parse(Buffer.concat([...tablePieces(entries, meta, context)]).toString());
  expect(pieces).toEqual(JSON.parse(JSON.stringify(whole)));
  expect(JSON.parse(Buffer.concat([...tablePieces([], meta, context)]).toString())).toEqual(
    JSON.parse(JSON.stringify(tableOf([], meta, context))),
  );
});

test('a list of metadata in pieces is the same list', () => {
  const meta = { resourceVersion: '9', continue: 'x"y' };
  for (const some of [entries, entries.slice(0, 1), []]) {
    const objects = some.map((entry) => entry.object);
    expect(JSON.parse(Buffer.concat([...metadataListPieces(some, meta, 'v1')]).toString())).toEqual(
      JSON.parse(JSON.stringify(metadataListOf(objects, meta, 'v1'))),
    );
  }
  expect(entries.map((entry) => storedMetadata(entry).metadata)).toEqual(entries.map(({ object }) => object.metadata));
});

test('rows of finished pods have a condition, and rows without objects say null', () => {
  const context = { definition: pod, metaVersion: 'v1', includeObject: 'None', now: new Date(0) } as const;
  const over = { ...object('over', {}), spec: { containers: [{}] }, status: { phase: 'Failed' } };
  const entry = new StoredEntry('default/over', 9, encodeObject(over));
  const { rows } = JSON.parse(Buffer.concat([...tablePieces([entry], {}, context)]).toString());
  expect(rows).toEqual([
    {
      cells: expect.arrayContaining(['over', '0/1', 'Failed']),
      conditions: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
      object: null,
    },
  ]);
  expect(tableOf([over], {}, context)['rows']).toEqual(rows);
});
