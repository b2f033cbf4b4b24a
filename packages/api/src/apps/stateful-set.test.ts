import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { PersistentVolumeClaim, StatefulSet } from '../types.js';
import { statefulSet } from './stateful-set.js';

function problemsOf(spec: Partial<StatefulSet['spec']>): string[] {
  const labels = { app: 'db' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
      },
      ...spec,
    },
  } as unknown as UnstructuredObject;
  statefulSet.hooks.default?.(object);
  return (statefulSet.hooks.validate?.(object) ?? []).map(({ field }) => field);
}

test('containers mount what the claims bring', () => {
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };
  expect(problemsOf({ volumeClaimTemplates: [claim as PersistentVolumeClaim] })).toEqual([]);
});

test('the rest of the template is checked', () => {
  const template = {
    metadata: { labels: { app: 'db', 'a b': 'c' } },
    spec: { containers: [], restartPolicy: 'Never' },
  };
  expect(problemsOf({ template })).toEqual(['spec.template.labels', 'spec.template.spec.restartPolicy']);
});
