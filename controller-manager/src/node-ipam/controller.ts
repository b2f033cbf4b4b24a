/** Gives every node a range of pod addresses. */

import { nodes } from '@kubelab/api/resource-types';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { nextFreeRange } from './plan.js';

export const nodeIpamController: ControllerDefinition = {
  name: 'node-ipam-controller',
  serviceAccount: 'node-controller',
  enabled: (config) => config['allocate-node-cidrs'],
  create: (context) => {
    const { client, informers, recorder, config } = context;
    const all = informers.of(nodes);
    /** Given out but perhaps not seen in the cache yet, by node name. */
    const given = new Map<string, string>();
    const loop = createLoop({ ...context, config: { ...config, 'concurrent-syncs': 1 } }, 'node_ipam', {
      reconcile: async (name) => {
        const node = all.get(name);
        if (!node) {
          given.delete(name);
          return {};
        }
        if (node.spec.podCIDR) {
          given.set(name, node.spec.podCIDR);
          return {};
        }
        const taken = new Set([...given.values(), ...all.list().flatMap(({ spec }) => spec.podCIDRs ?? [])]);
        const range = given.get(name) ?? nextFreeRange(config['cluster-cidr'], config['node-cidr-mask-size'], taken);
        if (range === undefined) {
          recorder.event(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
          throw new Error(`there is no free range of ${config['cluster-cidr']} left for node ${name}`);
        }
        given.set(name, range);
        await client.patch(nodes, name, undefined, 'strategic', { spec: { podCIDR: range, podCIDRs: [range] } });
        return {};
      },
    });
    all.addHandlers({
      onAdd: ({ metadata }) => loop.enqueue(metadata.name),
      onUpdate: (_old, node) => !node.spec.podCIDR && loop.enqueue(node.metadata.name),
      onDelete: ({ metadata }) => loop.enqueue(metadata.name),
    });
    return loop;
  },
};
