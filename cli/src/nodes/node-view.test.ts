import type { Lease, Node } from '@kubelab/api/types';
import type { LabContainer } from '../lab/containers.js';
import { type NodeFacts, viewNodes } from './node-view.js';

const now = Date.parse('2026-01-01T00:10:00Z');
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString();

function container(number: number, state = 'running'): LabContainer {
  return {
    id: `id-${number}`,
    name: `kubelab_node_${number}`,
    service: 'node',
    node: `node-${number}`,
    number,
    state,
    status: '',
    image: '',
    address: `172.18.0.${number}`,
    ports: new Map(),
  };
}

function node(name: string, ready: string, spec: Node['spec'] = {}): Node {
  return { metadata: { name }, spec, status: { conditions: [{ type: 'Ready', status: ready }] } } as unknown as Node;
}

function lease(name: string, secondsAgo: number): Lease {
  return { metadata: { name }, spec: { renewTime: at(secondsAgo) } } as unknown as Lease;
}

const unreachable = (secondsAgo: number): Node['spec'] => ({
  taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: at(secondsAgo) }],
});

function nextOf(facts: Partial<NodeFacts>): string | undefined {
  const all: NodeFacts = {
    containers: [container(1)],
    nodes: [node('node-1', 'True')],
    leases: [],
    failureClock: 'upstream',
    nowMs: now,
    ...facts,
  };
  return viewNodes(all)[0]?.next;
}

describe('viewNodes', () => {
  it('tells which runtime a node has reported', () => {
    const reported = node('node-1', 'True');
    const nodeInfo = { containerRuntimeVersion: 'containerd://1.6.20' };
    const told = { ...reported, status: { ...reported.status, nodeInfo } } as unknown as Node;
    const facts = { leases: [], failureClock: 'upstream', nowMs: now } as const;
    const views = viewNodes({ ...facts, containers: [container(1), container(2)], nodes: [told] });
    expect(views.map(({ runtime }) => runtime)).toEqual(['containerd://1.6.20', '']);
  });

  it('puts containers and Node objects together by name', () => {
    const views = viewNodes({
      containers: [container(1), container(2, 'exited'), container(4)],
      nodes: [node('node-1', 'True', { unschedulable: true }), node('node-2', 'Unknown'), node('node-3', 'False')],
      leases: [],
      failureClock: 'upstream',
      nowMs: now,
    });
    expect(views.map(({ name, container: state, state: ready }) => [name, state, ready])).toEqual([
      ['node-1', 'running', 'Ready, cordoned'],
      ['node-2', 'exited', 'NotReady (no heartbeat)'],
      ['node-4', 'running', 'not registered'],
      ['node-3', 'gone', 'NotReady'],
    ]);
  });

  it.each([
    ['a node that just renewed its lease', { leases: [lease('node-1', 5)] }, ''],
    ['a node without a lease', {}, ''],
    ['a silent node', { leases: [lease('node-1', 30)] }, 'silent for 30 s, NotReady in 20 s'],
    [
      'a silent node under the fast clock',
      { leases: [lease('node-1', 6)], failureClock: 'fast' as const },
      'silent for 6 s, NotReady in 2 s',
    ],
    ['a node whose grace period is over', { leases: [lease('node-1', 70)] }, 'silent for 70 s, NotReady in 0 s'],
    ['a lost node', { nodes: [node('node-1', 'Unknown', unreachable(100))] }, 'its pods are evicted in 200 s'],
    ['a node whose pods are gone', { nodes: [node('node-1', 'Unknown', unreachable(301))] }, 'its pods are evicted'],
    [
      'a lost node that somebody else tainted too',
      {
        nodes: [
          node('node-1', 'Unknown', {
            taints: [{ key: 'team', effect: 'NoExecute', timeAdded: at(1) }, ...unreachable(4)!.taints!],
          }),
        ],
        failureClock: 'fast' as const,
      },
      'its pods are evicted in 6 s',
    ],
  ])('says what happens next to %s', (_, facts, expected) => {
    expect(nextOf(facts)).toBe(expected);
  });
});
