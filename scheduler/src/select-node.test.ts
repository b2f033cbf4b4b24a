import type { PodSpec } from '@kubelab/api/types';
import { selectorFromSet } from '@kubelab/apimachinery/labels';
import { defaultPlugins } from './plugins/registry.js';
import { selectNode } from './select-node.js';
import { makeContext, makeInfo, makeNode, makePod, requesting } from './testing.js';

function place(
  spec: Partial<PodSpec>,
  nodes: ReturnType<typeof makeInfo>[],
  labels: Record<string, string> = {},
): string {
  const decision = selectNode(makeContext(makePod('p', spec, labels), nodes), defaultPlugins, () => 0);
  return 'node' in decision ? decision.node : decision.message;
}

const two = () => [makeInfo(makeNode('a')), makeInfo(makeNode('b', { labels: { disk: 'ssd', cores: '8' } }))];

test('without nodes', () => {
  expect(place({}, [])).toBe('no nodes available to schedule pods');
});

test.each<[string, Partial<PodSpec>, string]>([
  ['node selector', { nodeSelector: { disk: 'ssd' } }, 'b'],
  [
    'a label named like a property of all objects',
    { nodeSelector: { constructor: 'x' } },
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  ],
  [
    'affinity by Gt',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] }],
          },
        },
      },
    },
    'b',
  ],
  [
    'affinity by name field',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
          },
        },
      },
    },
    'a',
  ],
  ['too much CPU', requesting({ cpu: '3' }), '0/2 nodes are available: 2 Insufficient cpu.'],
  [
    'unknown resource',
    requesting({ 'example.com/gpu': '1' }),
    '0/2 nodes are available: 2 Insufficient example.com/gpu.',
  ],
])('%s', (_name, spec, expected) => {
  expect(place(spec, two())).toBe(expected);
});

test('reasons are counted over nodes', () => {
  const taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' };
  const nodes = [
    makeInfo(makeNode('a', { spec: { taints: [taint] } })),
    makeInfo(makeNode('b', { spec: { unschedulable: true } })),
    makeInfo(makeNode('c', { allocatable: { cpu: '100m' } })),
  ];
  expect(place(requesting({ cpu: '1' }), nodes)).toBe(
    '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) were unschedulable.',
  );
});

test('a toleration opens a tainted node', () => {
  const tainted = makeInfo(makeNode('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }));
  expect(place({ tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' }] }, [tainted])).toBe(
    'a',
  );
  expect(place({ tolerations: [{ key: 'k', operator: 'Equal', value: 'other' }] }, [tainted])).toContain(
    'untolerated taint {k: v}',
  );
});

test('the emptier node wins', () => {
  const busy = makeInfo(makeNode('a'), [makePod('x', requesting({ cpu: '1500m', memory: '2Gi' }))]);
  expect(place(requesting({ cpu: '100m' }), [busy, makeInfo(makeNode('b'))])).toBe('b');
});

test('a host port is given out once per node', () => {
  const spec: Partial<PodSpec> = {
    containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }],
  };
  const nodes = [makeInfo(makeNode('a'), [makePod('x', spec)]), makeInfo(makeNode('b'), [makePod('y', spec)])];
  expect(place(spec, nodes)).toBe(
    "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
  );
});

test('pods of one controller spread over the nodes, one after the other', () => {
  const nodes = ['a', 'b', 'c'].map((name) => ({ name, pods: [] as ReturnType<typeof makePod>[] }));
  for (let index = 0; index < 6; index++) {
    const pod = makePod(`w${index}`, {}, { app: 'web' });
    const infos = nodes.map(({ name, pods }) => makeInfo(makeNode(name), pods));
    const decision = selectNode(
      makeContext(pod, infos, { defaultSelectors: [selectorFromSet({ app: 'web' })] }),
      defaultPlugins,
      () => 0,
    );
    if ('node' in decision) nodes.find(({ name }) => name === decision.node)?.pods.push(pod);
  }
  expect(nodes.map(({ pods }) => pods.length)).toEqual([2, 2, 2]);
});

test('hard topology spread refuses a skew', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
  };
  const labels = { app: 'web' };
  const nodes = [
    makeInfo(makeNode('a'), [makePod('x', {}, labels)]),
    makeInfo(makeNode('b', { spec: { unschedulable: true } })),
  ];
  expect(place({ topologySpreadConstraints: [constraint] }, nodes, labels)).toBe(
    "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.",
  );
});

test('anti-affinity keeps pods apart, also when only the running pod asks for it', () => {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } };
  const lonely: Partial<PodSpec> = {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  };
  const nodes = [makeInfo(makeNode('a'), [makePod('x', lonely, { app: 'db' })]), makeInfo(makeNode('b'))];
  expect(place(lonely, nodes, { app: 'db' })).toBe('b');
  expect(place({}, nodes.slice(0, 1), { app: 'db' })).toBe(
    "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
});

test('affinity follows the other pod, and the first of a group may go anywhere', () => {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } };
  const near: Partial<PodSpec> = {
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  };
  expect(place(near, [makeInfo(makeNode('a')), makeInfo(makeNode('b'), [makePod('x', {}, { app: 'db' })])])).toBe('b');
  expect(place(near, [makeInfo(makeNode('a'))], { app: 'db' })).toBe('a');
  expect(place(near, [makeInfo(makeNode('a'))], { app: 'web' })).toBe(
    "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
  );
});

test('a pod whose claim does not exist waits and says so', () => {
  const spec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
  expect(place(spec, two())).toBe('0/2 nodes are available: persistentvolumeclaim "data" not found.');
});
