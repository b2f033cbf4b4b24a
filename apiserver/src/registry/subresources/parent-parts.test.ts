import { builtinResources } from '@kubelab/api/registry';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Resource } from '../resources.js';
import { restoreForSubresource } from './parent-parts.js';

/** Only what the functions look at. */
function resource(plural: string): Resource {
  const definition = builtinResources.find((one) => one.plural === plural)!;
  return { definition, groupResource: { group: definition.group, resource: plural } } as unknown as Resource;
}

const meta = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n' };

function update(plural: string, subresource: string, submitted: Partial<UnstructuredObject>): UnstructuredObject {
  const old = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { ...meta, labels: { a: 'old' } },
    spec: { x: 1 },
    status: { y: 1 },
  };
  const object = { ...structuredClone(old), ...structuredClone(submitted) } as UnstructuredObject;
  restoreForSubresource(resource(plural), subresource, object, old);
  return object;
}

const changed = { ...meta, labels: { a: 'new' }, annotations: { b: 'new' }, ownerReferences: [owner] };

test('approval takes the conditions and the metadata, nothing else', () => {
  const status = { conditions: [{ type: 'Approved' }], y: 2 };
  const object = update('certificatesigningrequests', 'approval', { metadata: changed, spec: { x: 2 }, status });
  expect(object).toMatchObject({ spec: { x: 1 }, status: { y: 1, conditions: status.conditions } });
  expect(object.metadata).toMatchObject({ labels: { a: 'new' }, annotations: { b: 'new' } });
});

test('finalize takes the finalizers and the metadata', () => {
  const object = update('namespaces', 'finalize', { metadata: changed, spec: { x: 2, finalizers: [] } });
  expect(object).toMatchObject({ spec: { x: 1, finalizers: [] }, metadata: { annotations: { b: 'new' } } });
});

test.each([
  ['replicasets', { labels: { a: 'new' }, annotations: { b: 'new' }, ownerReferences: [owner] }],
  ['deployments', { labels: { a: 'old' }, annotations: { b: 'new' }, ownerReferences: [owner] }],
  ['pods', { labels: { a: 'new' }, annotations: { b: 'new' } }],
  ['flowschemas', { labels: { a: 'old' } }],
  ['prioritylevelconfigurations', { labels: { a: 'old' } }],
  ['volumeattachments', { labels: { a: 'old' } }],
])('the status of %s brings this metadata with it', (plural, expected) => {
  const object = update(plural, 'status', { metadata: changed, spec: { x: 2 }, status: { y: 2 } });
  expect(object).toMatchObject({ spec: { x: 1 }, status: { y: 2 } });
  const { labels, annotations, ownerReferences } = object.metadata;
  expect(JSON.parse(JSON.stringify({ labels, annotations, ownerReferences }))).toEqual(expected);
});
