import type { LabContainer } from '../lab/containers.js';
import { surplusNodes } from './machines.js';

const container = (service: string, number: number): LabContainer => ({
  id: `${service}-${number}`,
  name: '',
  service,
  node: `${service}-${number}`,
  number,
  state: 'running',
  status: '',
  image: '',
  address: '',
  ports: new Map(),
});

const all = [container('etcd', 1), container('node', 1), container('node', 2), container('node', 4)];

test.each([
  [3, []],
  [5, []],
  [2, ['node-4']],
  [1, ['node-2', 'node-4']],
])('with %s nodes asked for, %j go', (nodes, names) => {
  expect(surplusNodes(all, nodes).map(({ node }) => node)).toEqual(names);
});
