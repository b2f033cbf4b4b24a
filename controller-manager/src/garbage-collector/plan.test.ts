import type { KubeObject } from '@kubelab/apimachinery/meta';
import { meta, ownedBy } from '../testing/objects.js';
import { OwnerGraph } from './graph.js';
import { type GcInput, type OwnerState, planObject, unblockedOwners } from './plan.js';

const deletionTimestamp = '2026-01-01T00:00:00Z';
const dependent = (uid: string, blocks = true, waits = false) => ({ uid, blocks, waits });
const owners = (...states: OwnerState[]): GcInput['owners'] =>
  states.map((state, index) => ({ state, reference: { ...ownedBy('ReplicaSet', `o${index}`), uid: `o${index}` } }));
const living = (states: OwnerState[], more: Partial<GcInput> = {}): GcInput => ({
  metadata: meta('x'),
  owners: owners(...states),
  dependents: [],
  ...more,
});
const dying = (finalizers: string[], dependents = [dependent('d')]): GcInput => ({
  metadata: meta('x', { deletionTimestamp, finalizers }),
  owners: [],
  dependents,
});

describe('an object with owners', () => {
  test.each<[string, GcInput, object]>([
    ['no owners', living([]), { action: 'none' }],
    ['all alive', living(['solid', 'solid']), { action: 'none' }],
    ['the only one gone', living(['missing']), { action: 'delete', propagationPolicy: 'Background' }],
    ['one of two gone', living(['solid', 'missing']), { action: 'drop-references', uids: ['o1'] }],
    [
      'one waits for its dependents, one lives',
      living(['waiting-for-dependents', 'solid']),
      { action: 'drop-references', uids: ['o0'] },
    ],
    [
      'one waits, no dependents of its own',
      living(['waiting-for-dependents']),
      { action: 'delete', propagationPolicy: 'Background' },
    ],
    [
      'one waits, with dependents of its own',
      living(['waiting-for-dependents'], { dependents: [dependent('d')] }),
      { action: 'delete', propagationPolicy: 'Foreground' },
    ],
    [
      'one waits, and so does a dependent: a circle is broken',
      living(['waiting-for-dependents'], { dependents: [dependent('d', true, true)] }),
      { action: 'delete', propagationPolicy: 'Foreground', unblock: true },
    ],
    [
      'its own finalizer says how it goes',
      living(['missing'], { metadata: meta('x', { finalizers: ['orphan'] }) }),
      { action: 'delete', propagationPolicy: 'Orphan' },
    ],
    [
      'foreground by finalizer',
      living(['missing'], { metadata: meta('x', { finalizers: ['foregroundDeletion'] }) }),
      { action: 'delete', propagationPolicy: 'Foreground' },
    ],
  ])('%s', (_name, input, expected) => {
    expect(planObject(input)).toEqual(expected);
  });
});

describe('an object on its way out', () => {
  test.each<[string, GcInput, object]>([
    ['other finalizers are not ours', dying(['example.com/hold']), { action: 'none' }],
    [
      'foreground waits for who blocks',
      dying(['foregroundDeletion']),
      { action: 'wait-for-dependents', dependents: ['d'] },
    ],
    [
      'foreground does not hurry those that wait themselves, nor those that do not block',
      dying(['foregroundDeletion'], [dependent('a', true, true), dependent('b'), dependent('c', false)]),
      { action: 'wait-for-dependents', dependents: ['b'] },
    ],
    [
      'foreground does not wait for who does not block',
      dying(['foregroundDeletion'], [dependent('d', false)]),
      { action: 'remove-finalizer', finalizer: 'foregroundDeletion' },
    ],
    [
      'foreground is done without dependents',
      dying(['foregroundDeletion'], []),
      { action: 'remove-finalizer', finalizer: 'foregroundDeletion' },
    ],
    ['orphan frees the dependents first', dying(['orphan']), { action: 'orphan-dependents', dependents: ['d'] }],
    ['orphan is done when all are free', dying(['orphan'], []), { action: 'remove-finalizer', finalizer: 'orphan' }],
  ])('%s', (_name, input, expected) => {
    expect(planObject(input)).toEqual(expected);
  });
});

describe('OwnerGraph', () => {
  const type = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
  const object = (name: string, ...ownerNames: string[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, {
      ownerReferences: ownerNames.map((owner) => ({
        ...ownedBy('ReplicaSet', owner),
        blockOwnerDeletion: owner !== 'loose',
      })),
    }),
  });

  test('knows dependents also before their owner is seen', () => {
    const graph = new OwnerGraph();
    graph.set(type, object('p', 'rs', 'loose'));
    expect(graph.get('uid-rs')).toBeUndefined();
    expect(graph.dependentsOf('uid-rs')).toEqual([dependent('uid-p')]);
    expect(graph.dependentsOf('uid-loose')).toEqual([dependent('uid-p', false)]);
  });

  test('follows changes of the references', () => {
    const graph = new OwnerGraph();
    graph.set(type, object('p', 'rs'));
    graph.set(type, object('p', 'other'));
    expect(graph.dependentsOf('uid-rs')).toEqual([]);
    expect(graph.dependentsOf('uid-other')).toHaveLength(1);
    graph.delete('uid-p');
    expect(graph.dependentsOf('uid-other')).toEqual([]);
    expect(graph.get('uid-p')).toBeUndefined();
  });
});

test('an owner hears of a dependent that no longer blocks it', () => {
  const owner = (uid: string, blockOwnerDeletion: boolean) => ({ ...ownedBy('Job', uid), uid, blockOwnerDeletion });
  const before = meta('x', {
    ownerReferences: [owner('a', true), owner('b', true), owner('c', true), owner('d', false)],
  });
  const now = meta('x', { ownerReferences: [owner('a', true), owner('b', false)] });
  expect(unblockedOwners(before, now)).toEqual(['b', 'c']);
  expect(unblockedOwners(now, now)).toEqual([]);
});
