import type { DaemonSet, Pod } from '@kubelab/api/types';
import { ago, meta, node, now, ownedBy, pod, template } from '../testing/objects.js';
import { nodeFit } from './node-fit.js';
import { planDaemons } from './plan.js';
import { daemonTemplate, targetNode } from './pod-template.js';
import { planRollout } from './rollout.js';
import { daemonStatus } from './status.js';

const daemonSet = (spec: Partial<DaemonSet['spec']> = {}, podSpec: object = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: meta('agent'),
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { ...template('v1'), spec: { containers: [], ...podSpec } },
    ...spec,
  },
});
const daemon = (name: string, on: string, parts: Parameters<typeof pod>[1] & { hash?: string } = {}): Pod =>
  pod(name, {
    ready: true,
    node: on,
    owner: ownedBy('DaemonSet', 'agent'),
    metadata: { labels: { app: 'web', 'controller-revision-hash': parts.hash ?? 'new' }, ...parts.metadata },
    ...parts,
  });
const waiting = (name: string, on: string): Pod => {
  const { spec } = daemonTemplate(daemonSet(), 'new', on);
  return pod(name, { phase: 'Pending', ...(spec ? { spec } : {}) });
};
const nodes = [node('n1'), node('n2'), node('n3')];
const facts = (pods: Pod[], set = daemonSet()) => ({ daemonSet: set, nodes, pods, hash: 'new', nowMs: now });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

describe('nodeFit', () => {
  const taint = (effect: string, key = 'k') => ({ key, effect });
  const required = (...terms: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
  });
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });
  test.each<[string, DaemonSet, ReturnType<typeof node>, boolean, boolean]>([
    ['any node', daemonSet(), node('n1'), true, true],
    [
      'a cordoned one',
      daemonSet(),
      node('n1', { unschedulable: true, taints: [taint('NoSchedule', 'node.kubernetes.io/unschedulable')] }),
      true,
      true,
    ],
    [
      'one that is unreachable',
      daemonSet(),
      node('n1', { taints: [taint('NoExecute', 'node.kubernetes.io/unreachable')] }),
      true,
      true,
    ],
    [
      'one with a taint: none is made, one that is there stays',
      daemonSet(),
      node('n1', { taints: [taint('NoSchedule')] }),
      false,
      true,
    ],
    ['PreferNoSchedule does not count', daemonSet(), node('n1', { taints: [taint('PreferNoSchedule')] }), true, true],
    ['one that drives out', daemonSet(), node('n1', { taints: [taint('NoExecute')] }), false, false],
    [
      'tolerated',
      daemonSet({}, { tolerations: [{ operator: 'Exists' }] }),
      node('n1', { taints: [taint('NoExecute')] }),
      true,
      true,
    ],
    [
      'network-unavailable counts',
      daemonSet(),
      node('n1', { taints: [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')] }),
      false,
      true,
    ],
    [
      'but not for the host’s network',
      daemonSet({}, { hostNetwork: true }),
      node('n1', { taints: [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')] }),
      true,
      true,
    ],
    ['another node’s name', daemonSet({}, { nodeName: 'n2' }), node('n1'), false, false],
    ['the node selector', daemonSet({}, { nodeSelector: { disk: 'ssd' } }), node('n1'), false, false],
    [
      'the node selector, met',
      daemonSet({}, { nodeSelector: { disk: 'ssd' } }),
      node('n1', { labels: { disk: 'ssd' } }),
      true,
      true,
    ],
    [
      'one of several terms',
      daemonSet({}, required(expression('a', 'Exists'), expression('gpus', 'Gt', '1'))),
      node('n1', { labels: { gpus: '2' } }),
      true,
      true,
    ],
    ['a term that demands nothing', daemonSet({}, required({})), node('n1'), false, false],
    [
      'by field',
      daemonSet({}, required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] })),
      node('n1'),
      true,
      true,
    ],
  ])('%s', (_name, set, on, run, keep) => {
    expect(nodeFit(set, on)).toEqual({ run, keep });
  });
});

describe('planDaemons', () => {
  test('every node gets one', () => {
    expect(planDaemons(facts([daemon('a', 'n1'), waiting('b', 'n2')]))).toMatchObject({
      create: ['n3'],
      delete: [],
      ended: [],
    });
  });

  test('a pod on its way out holds its place', () => {
    expect(
      planDaemons(facts([daemon('a', 'n1', { deleting: true }), daemon('b', 'n2'), daemon('c', 'n3')])).create,
    ).toEqual([]);
  });

  test('of two the one that is placed and older stays', () => {
    const old = daemon('old', 'n1', { metadata: { creationTimestamp: ago(500) } });
    expect(
      names(
        planDaemons(
          facts([waiting('late', 'n1'), daemon('young', 'n1', { metadata: { creationTimestamp: ago(5) } }), old]),
        ).delete,
      ),
    ).toEqual(['young', 'late']);
  });

  test('pods that ended are to be replaced', () => {
    const { ended, create } = planDaemons(
      facts([daemon('a', 'n1', { phase: 'Failed' }), daemon('b', 'n2', { phase: 'Succeeded' }), daemon('c', 'n3')]),
    );
    expect(ended.map(({ pod: { metadata }, node: on }) => `${metadata.name} ${on}`)).toEqual(['a n1', 'b n2']);
    expect(create).toEqual([]);
  });

  test('a node that does not fit any more loses its pod', () => {
    const set = daemonSet({}, { nodeSelector: { disk: 'ssd' } });
    expect(names(planDaemons(facts([daemon('a', 'n1'), daemon('b', 'n2', { deleting: true })], set)).delete)).toEqual([
      'a',
    ]);
  });

  test('a pod that waits for a node that is gone goes', () => {
    expect(names(planDaemons(facts([waiting('a', 'gone'), daemon('b', 'gone')])).delete)).toEqual(['a']);
  });

  test('while surging an old and a new pod share a node until the new one is available', () => {
    const set = daemonSet({
      minReadySeconds: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    const old = daemon('old', 'n1', { hash: 'old' });
    expect(names(planDaemons(facts([old, daemon('fresh', 'n1', { readyFor: 3 })], set)).delete)).toEqual([]);
    expect(names(planDaemons(facts([old, daemon('fresh', 'n1', { readyFor: 20 })], set)).delete)).toEqual(['old']);
    expect(
      names(
        planDaemons(
          facts([daemon('old', 'n1', { hash: 'old', ready: false }), daemon('fresh', 'n1', { ready: false })], set),
        ).delete,
      ),
    ).toEqual(['old']);
  });
});

describe('planRollout', () => {
  const old = (name: string, on: string, parts = {}) => daemon(name, on, { hash: 'old', ...parts });
  const strategy = (rollingUpdate: object) => daemonSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

  test('one at a time by default', () => {
    expect(names(planRollout(facts([old('a', 'n1'), old('b', 'n2'), old('c', 'n3')])).delete)).toEqual(['a']);
  });

  test('waits for the new one', () => {
    expect(planRollout(facts([daemon('a', 'n1', { ready: false }), old('b', 'n2'), old('c', 'n3')])).delete).toEqual(
      [],
    );
    expect(planRollout(facts([old('b', 'n2'), old('c', 'n3')])).delete).toEqual([]);
  });

  test('old ones that are not available go at once', () => {
    expect(
      names(
        planRollout(facts([old('a', 'n1', { ready: false }), old('b', 'n2', { ready: false }), old('c', 'n3')])).delete,
      ),
    ).toEqual(['a', 'b']);
  });

  test('percentages are of the nodes that fit, rounded up', () => {
    expect(
      names(
        planRollout(facts([old('a', 'n1'), old('b', 'n2'), old('c', 'n3')], strategy({ maxUnavailable: '34%' })))
          .delete,
      ),
    ).toEqual(['a', 'b']);
  });

  test('surging makes new ones beside, then removes the old', () => {
    const set = strategy({ maxSurge: 1, maxUnavailable: 0 });
    expect(planRollout(facts([old('a', 'n1'), old('b', 'n2'), old('c', 'n3')], set))).toEqual({
      create: ['n1'],
      delete: [],
    });
    expect(
      planRollout(facts([old('a', 'n1'), daemon('a2', 'n1', { ready: false }), old('b', 'n2'), old('c', 'n3')], set)),
    ).toEqual({ create: [], delete: [] });
    const done = planRollout(facts([old('a', 'n1'), daemon('a2', 'n1'), old('b', 'n2'), old('c', 'n3')], set));
    expect(names(done.delete)).toEqual(['a']);
    expect(done.create).toEqual(['n2']);
  });

  test('OnDelete leaves it to you', () => {
    expect(planRollout(facts([old('a', 'n1')], daemonSet({ updateStrategy: { type: 'OnDelete' } })))).toEqual({
      create: [],
      delete: [],
    });
  });
});

test('the template binds to its node, tolerates what daemons tolerate, and carries the hash', () => {
  const set = daemonSet(
    {},
    { tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }] },
  );
  set.metadata.annotations = { 'deprecated.daemonset.template.generation': '3' };
  const { metadata, spec } = daemonTemplate(set, 'abc', 'n2');
  expect(metadata?.labels).toEqual({ app: 'web', 'controller-revision-hash': 'abc', 'pod-template-generation': '3' });
  expect(targetNode(pod('x', spec ? { spec } : {}))).toBe('n2');
  const keys = (spec?.tolerations ?? []).map(
    ({ key, effect }) => `${key?.replace('node.kubernetes.io/', '')}:${effect}`,
  );
  expect(keys).toEqual([
    'not-ready:NoExecute',
    'unreachable:NoExecute',
    'disk-pressure:NoSchedule',
    'memory-pressure:NoSchedule',
    'pid-pressure:NoSchedule',
    'unschedulable:NoSchedule',
  ]);
});

test('the status counts nodes, not pods', () => {
  const pods = [daemon('a', 'n1'), daemon('b', 'n2', { hash: 'old', ready: false }), daemon('x', 'elsewhere')];
  expect(
    daemonStatus({
      ...facts(pods),
      nodes: [...nodes, node('elsewhere', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
    }),
  ).toEqual({
    currentNumberScheduled: 2,
    desiredNumberScheduled: 3,
    numberMisscheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
    updatedNumberScheduled: 1,
    observedGeneration: 1,
  });
});
