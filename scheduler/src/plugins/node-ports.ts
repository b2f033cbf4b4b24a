import type { Plugin } from '../framework.js';
import { type HostPort, hostPortsOf } from '../snapshot/node-info.js';

/** Two pods cannot have the same port of one node. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  weight: 0,
  prepare({ pod }) {
    const wanted = hostPortsOf(pod);
    if (wanted.length === 0) return undefined;
    return {
      filter: ({ hostPorts }) =>
        wanted.some((port) => hostPorts.some((used) => collide(port, used)))
          ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
          : undefined,
    };
  },
};

function collide(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
  return sameAddress && a.port === b.port && a.protocol === b.protocol;
}
