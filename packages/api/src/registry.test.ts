import { builtinDefinitions } from './definitions.js';
import { compareGroups, compareVersions } from './groups.js';
import { builtinResources, findKind, findResource } from './registry.js';
import * as clients from './resource-types.js';
import { builtinSchema } from './schema-validation.js';
import { selectableFieldsOf, selectableFieldValue } from './selectable-fields.js';
import { decoded } from './testing.js';

test.each(builtinResources.map((definition) => [`${definition.group}/${definition.plural}`, definition] as const))(
  '%s is described by a definition of its kind',
  (_, definition) => {
    expect(builtinDefinitions()[definition.schema]?.['x-kubernetes-group-version-kind']).toEqual([
      { group: definition.group, version: definition.version, kind: definition.kind },
    ]);
    expect(() => builtinSchema(definition.schema)).not.toThrow();
  },
);

test.each(builtinResources.map((definition) => [`${definition.group}/${definition.plural}`, definition] as const))(
  '%s: an empty object survives every hook and column',
  (_, definition) => {
    const object = decoded(definition, {});
    const { hooks } = definition;
    hooks.prepareForCreate?.(object as never, () => undefined);
    hooks.validate?.(object as never);
    hooks.warnings?.(object as never);
    const next = structuredClone(object);
    hooks.prepareForUpdate?.(next as never, object as never);
    hooks.validateUpdate?.(next as never, object as never);
    hooks.prepareForStatusUpdate?.(next as never, object as never);
    hooks.validateStatusUpdate?.(next as never, object as never);
    for (const { name, cell, description } of definition.columns) {
      expect(cell(object as never, { now: new Date(0) })).toBeDefined();
      expect([name, description]).not.toEqual([name, '']);
    }
    for (const field of selectableFieldsOf(definition)) {
      expect(typeof selectableFieldValue(definition, object as never, field)).toBe('string');
    }
  },
);

test('a group lists its resources by plural', () => {
  for (const name of new Set(builtinResources.map(({ group }) => group))) {
    const plurals = builtinResources.filter(({ group }) => group === name).map(({ plural }) => plural);
    expect(plurals).toEqual([...plurals].sort());
  }
});

test('core is the first of the groups, and custom ones come last', () => {
  const groups = ['stable.example.com', 'batch', 'apps', 'a.example.com', ''];
  expect(groups.sort(compareGroups)).toEqual(['', 'apps', 'batch', 'a.example.com', 'stable.example.com']);
});

test('storage folders are upstream’s and nobody shares one', () => {
  const paths = builtinResources.filter(({ stored }) => !stored).flatMap(({ storagePath }) => storagePath ?? []);
  expect(new Set(paths).size).toBe(paths.length);
  expect(findResource('', 'nodes')?.storagePath).toBe('minions');
  expect(findResource('', 'services')?.storagePath).toBe('services/specs');
  expect(findResource('', 'endpoints')?.storagePath).toBe('services/endpoints');
  expect(findResource('', 'replicationcontrollers')?.storagePath).toBe('controllers');
  expect(findKind('networking.k8s.io', 'Ingress')?.storagePath).toBe('ingress');
  expect(findResource('authorization.k8s.io', 'subjectaccessreviews')?.storagePath).toBeUndefined();
});

test('every kind that is served can be addressed by a client', () => {
  const known = new Set(Object.values(clients).map(({ group, plural, version }) => `${group}/${version}/${plural}`));
  const current = builtinResources.filter(({ stored }) => !stored);
  const missing = current.filter(({ group, plural, version }) => !known.has(`${group}/${version}/${plural}`));
  expect(missing.map(({ plural }) => plural)).toEqual([]);
  for (const client of Object.values(clients)) {
    const definition = findResource(client.group, client.plural);
    if (definition) expect(client).toMatchObject({ kind: definition.kind, namespaced: definition.namespaced });
  }
});

test('versions are ordered as upstream orders them', () => {
  const versions = ['v1alpha1', 'v2beta1', 'v1', 'foo', 'v2', 'v1beta2', 'v10'];
  expect(versions.sort(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1', 'foo']);
});

test('fields that selectors see are texts, with Go’s zero values', () => {
  const pod = findResource('', 'pods')!;
  const object = decoded(pod, {
    spec: { nodeName: 'n', containers: [] },
    status: { podIPs: [{ ip: '1.2.3.4' }] },
  }) as never;
  expect(selectableFieldValue(pod, object, 'spec.nodeName')).toBe('n');
  expect(selectableFieldValue(pod, object, 'metadata.namespace')).toBe('default');
  expect(selectableFieldValue(pod, object, 'spec.hostNetwork')).toBe('false');
  expect(selectableFieldValue(pod, object, 'status.podIP')).toBe('1.2.3.4');
  expect(selectableFieldValue(pod, object, 'status.nominatedNodeName')).toBe('');
  const node = findResource('', 'nodes')!;
  expect(selectableFieldValue(node, decoded(node, {}) as never, 'spec.unschedulable')).toBe('false');
});
