/**
 * What becomes of a CNI configuration when its node has got another pod range: runtimes write theirs once and keep to it. New pods come onto a
 * bridge of their own, so that those that run keep address and gateway. Pure.
 */

/** A bridge of this node and the range of its address. */
export interface Bridge {
  name: string;
  /** As in a node's spec: 10.244.1.0/24. */
  range: string;
}

interface BridgePlugin {
  type: 'bridge';
  bridge: string;
  ipam: { ranges: { subnet: string }[][] };
}

interface Configuration {
  plugins: unknown[];
}

/** The range that the configuration gives addresses of; undefined when it is none of a bridge with one range. Throws SyntaxError. */
export function rangeOf(configuration: string): string | undefined {
  return bridgeOf(JSON.parse(configuration) as unknown)?.ipam.ranges[0]?.[0]?.subnet;
}

/** The configuration for `podCidr`: with the bridge that has that range already, else with a new one. */
export function moveNetwork(configuration: string, podCidr: string, bridges: readonly Bridge[]): string {
  const parsed = JSON.parse(configuration) as Configuration;
  const plugin = bridgeOf(parsed);
  if (!plugin) throw new Error('the CNI configuration has no bridge with one range');
  const moved: BridgePlugin = {
    ...plugin,
    bridge: bridgeFor(podCidr, plugin.bridge, bridges),
    ipam: { ...plugin.ipam, ranges: [[{ subnet: podCidr }]] },
  };
  const plugins = parsed.plugins.map((item) => (item === plugin ? moved : item));
  return `${JSON.stringify({ ...parsed, plugins }, undefined, 2)}\n`;
}

function bridgeOf(configuration: unknown): BridgePlugin | undefined {
  const { plugins } = (configuration ?? {}) as Partial<Configuration>;
  if (!Array.isArray(plugins)) return undefined;
  return plugins.find((plugin): plugin is BridgePlugin => {
    const { type, bridge, ipam } = (plugin ?? {}) as Partial<BridgePlugin>;
    return (
      type === 'bridge' && typeof bridge === 'string' && ipam?.ranges?.length === 1 && ipam.ranges[0]?.length === 1
    );
  });
}

/** Of cni0, cni1, ... the one that has the range, or the first that is free. */
function bridgeFor(podCidr: string, used: string, bridges: readonly Bridge[]): string {
  const stem = used.replace(/\d+$/, '');
  const ours = bridges.filter(({ name }) => name.startsWith(stem));
  const known = ours.find(({ range }) => range === podCidr);
  if (known) return known.name;
  const taken = new Set([used, ...ours.map(({ name }) => name)]);
  for (let number = 0; ; number++) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}
