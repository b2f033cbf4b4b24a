import type { JsonObject } from '../json.js';
import type { ManagedFieldsEntry } from '../meta.js';
import { deploymentSchema } from '../schema-fixture.js';
import { managerFromUserAgent } from './managers.js';
import { updateManagedFields } from './update.js';

const schema = deploymentSchema();
const apiVersion = 'test/v1';
const at = (seconds: number): string => new Date(Date.UTC(2024, 0, 1, 0, 0, seconds)).toISOString().replace('.000', '');

interface Write {
  old?: JsonObject;
  manager?: string;
  time?: string;
  subresource?: string;
  ignored?: string[];
}

function record(
  next: JsonObject,
  { old, manager = 'm', time = at(0), ...rest }: Write = {},
): ManagedFieldsEntry[] | undefined {
  return updateManagedFields({ schema, old, new: next, manager, apiVersion, time, ...rest });
}

function withFields(object: JsonObject, managedFields: ManagedFieldsEntry[] | undefined): JsonObject {
  return { ...object, metadata: { ...(object['metadata'] as object), ...(managedFields ? { managedFields } : {}) } };
}

const object = (content: object = {}): JsonObject => ({
  apiVersion,
  kind: 'Deployment',
  metadata: { name: 'web', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: at(0) },
  ...content,
});

describe('updateManagedFields', () => {
  it('gives nobody an empty struct that cannot be absent', () => {
    const empty = object({ spec: { replicas: 1, strategy: {}, template: { metadata: {}, spec: {} } }, status: {} });
    expect(record(empty)?.[0]?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
    const without = object({ spec: { replicas: 1 } });
    expect(record(without, { old: withFields(empty, record(empty)), manager: 'other' })).toEqual(record(empty));
  });

  it('gives a creator everything but what identifies the object', () => {
    const created = object({
      metadata: { name: 'web', uid: 'u', labels: { app: 'web' } },
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
        template: {
          spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, protocol: 'TCP' }], resources: {} }] },
        },
      },
    });
    expect(record(created)).toEqual([
      {
        manager: 'm',
        operation: 'Update',
        apiVersion,
        time: at(0),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                    },
                    'f:resources': {},
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  it('moves changed fields to who changed them and keeps the rest', () => {
    const first = object({ spec: { replicas: 1, paused: true } });
    const stored = withFields(first, record(first, { manager: 'a' }));
    const next = withFields(object({ spec: { replicas: 2, paused: true } }), undefined);
    const entries = record(next, { old: stored, manager: 'b', time: at(9) });
    expect(entries).toMatchObject([
      { manager: 'a', time: at(0), fieldsV1: { 'f:spec': { 'f:paused': {} } } },
      { manager: 'b', time: at(9), fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
  });

  it('adds to what the manager has, and drops who has nothing left', () => {
    const first = object({ spec: { replicas: 1 } });
    const stored = withFields(first, record(first, { manager: 'a' }));
    const second = object({ spec: { replicas: 1, paused: true } });
    const grown = record(second, { old: stored, manager: 'a', time: at(5) });
    expect(grown).toMatchObject([
      { manager: 'a', time: at(5), fieldsV1: { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } } },
    ]);
    expect(record(object(), { old: withFields(second, grown), manager: 'b' })).toBeUndefined();
  });

  it("leaves everything as it is when nothing but the server's own fields changes", () => {
    const first = object({ spec: { replicas: 1 } });
    const entries = record(first, { manager: 'a' });
    const next = object({
      metadata: { name: 'web', uid: 'u', resourceVersion: '2', generation: 7 },
      spec: { replicas: 1 },
    });
    expect(record(next, { old: withFields(first, entries), manager: 'b', time: at(3) })).toEqual(entries);
  });

  it('tracks subresources apart and ignores what the request cannot change', () => {
    const first = object({ spec: { replicas: 1 } });
    const stored = withFields(first, record(first));
    const status = withFields(object({ spec: { replicas: 9 }, status: { replicas: 1 } }), []);
    const entries = record(status, { old: stored, subresource: 'status', ignored: ['spec'], time: at(2) });
    expect(entries).toMatchObject([
      { manager: 'm', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      { manager: 'm', subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } },
    ]);
  });

  it('lets a client edit or reset the list, and starts from the stored one when it sends none or nonsense', () => {
    const first = object({ spec: { replicas: 1, paused: true } });
    const entries = record(first, { manager: 'a' }) ?? [];
    const stored = withFields(first, entries);
    const changed = object({ spec: { replicas: 2, paused: true } });
    expect(record(withFields(changed, []), { old: stored, manager: 'b' })).toBeUndefined();
    expect(record(withFields(changed, [{}]), { old: stored, manager: 'b' })).toBeUndefined();
    const renamed = entries.map((entry) => ({ ...entry, manager: 'renamed' }));
    expect(record(withFields(changed, renamed), { old: stored, manager: 'b', time: at(1) })).toMatchObject([
      { manager: 'renamed' },
      { manager: 'b' },
    ]);
    const nonsense = [{ manager: 'x', operation: 'Update', apiVersion, fieldsType: 'FieldsV1', fieldsV1: { bad: {} } }];
    expect(
      record(withFields(changed, nonsense as ManagedFieldsEntry[]), { old: stored, manager: 'b', time: at(1) }),
    ).toMatchObject([{ manager: 'a' }, { manager: 'b' }]);
  });

  it('does not begin to track an object that is not tracked', () => {
    expect(record(object({ spec: { replicas: 2 } }), { old: object({ spec: { replicas: 1 } }) })).toBeUndefined();
  });

  it('keeps ten updaters and merges the oldest', () => {
    let stored: JsonObject | undefined;
    for (let index = 0; index < 14; index++) {
      const labels = Object.fromEntries(Array.from({ length: index + 1 }, (_, n) => [`l${n}`, 'x']));
      const next = object({ metadata: { name: 'web', uid: 'u', labels } });
      const write = {
        manager: `m${String(index).padStart(2, '0')}`,
        time: at(index),
        ...(stored ? { old: stored } : {}),
      };
      stored = withFields(next, record(next, write));
    }
    const { managedFields = [] } = (stored ?? object())['metadata'] as { managedFields?: ManagedFieldsEntry[] };
    expect(managedFields).toHaveLength(10);
    const ancient = managedFields.find((entry) => entry.manager === 'ancient-changes');
    const { 'f:metadata': fields } = ancient?.fieldsV1 ?? {};
    expect(Object.keys((fields as Record<string, object>)['f:labels'] ?? {})).toEqual([
      '.',
      'f:l0',
      'f:l1',
      'f:l2',
      'f:l3',
      'f:l4',
    ]);
    expect(ancient?.time).toBe(at(4));
  });

  it('owns duplicates of a keyed list only as a whole', () => {
    const ports = (...names: string[]): JsonObject =>
      object({
        spec: {
          template: {
            spec: { containers: [{ name: 'c', ports: names.map((name) => ({ name, containerPort: 80 })) }] },
          },
        },
      });
    const first = ports('a', 'b');
    const entries = record(first, { manager: 'a' });
    const text = JSON.stringify(entries);
    expect(text).toContain('"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{}');
    expect(record(ports('a', 'c'), { old: withFields(first, entries), manager: 'b', time: at(1) })).toHaveLength(2);
  });
});

describe('managerFromUserAgent', () => {
  test.each([
    ['kubectl/v1.32.0 (linux/amd64) kubernetes/abc', 'kubectl'],
    ['', ''],
    [`${'x'.repeat(200)}/1`, 'x'.repeat(128)],
    ['a\u0007b/1', 'ab'],
  ])('%j is %j', (userAgent, manager) => {
    expect(managerFromUserAgent(userAgent)).toBe(manager);
  });
});
