import { meta, pod } from '../testing/objects.js';
import {
  claimFinalizer,
  claimNames,
  isVolumeInUse,
  protectionOf,
  usesClaim,
  withFinalizer,
  withoutFinalizer,
} from './plan.js';

test.each<[string, object, string]>([
  ['new', {}, 'add'],
  ['protected', { finalizers: [claimFinalizer] }, 'none'],
  ['to be deleted', { finalizers: ['a', claimFinalizer], deletionTimestamp: 'now' }, 'check'],
  ['held by others only', { finalizers: ['a'], deletionTimestamp: 'now' }, 'none'],
])('a claim that is %s', (_name, more, expected) => {
  expect(protectionOf(meta('data', more), claimFinalizer)).toBe(expected);
});

test('finalizers of others stay', () => {
  const both = withFinalizer(meta('data', { finalizers: ['a'] }), claimFinalizer);
  expect(both.finalizers).toEqual(['a', claimFinalizer]);
  expect(withoutFinalizer(both, claimFinalizer).finalizers).toEqual(['a']);
});

test('a pod uses what its volumes claim, once it has a node', () => {
  const volumes = [
    { name: 'a', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'scratch', ephemeral: {} },
    { name: 'tmp', emptyDir: {} },
  ];
  const user = pod('p', { node: 'n1', spec: { volumes, nodeName: 'n1' } });
  expect(claimNames(user)).toEqual(['data', 'p-scratch']);
  expect([usesClaim(user, 'data'), usesClaim(user, 'p-scratch'), usesClaim(user, 'other')]).toEqual([
    true,
    true,
    false,
  ]);
  expect(usesClaim(pod('p', { spec: { volumes } }), 'data')).toBe(false);
});

test('a volume is in use while it is bound', () => {
  const volume = (phase: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: meta('v'),
    spec: {},
    status: { phase },
  });
  expect(['Bound', 'Released', 'Available'].map((phase) => isVolumeInUse(volume(phase)))).toEqual([true, false, false]);
});
