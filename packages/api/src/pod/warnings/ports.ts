/** Ports of all containers of a pod that get in each other's way. */
import type { ContainerPort } from '../../types.js';
import type { Placed } from './containers.js';

interface PlacedPort {
  readonly port: ContainerPort;
  readonly path: string;
}

export function portWarnings(containers: readonly Placed[]): string[] {
  const ports = containers.flatMap(({ container, path }) =>
    (container.ports ?? []).map((port, index): PlacedPort => ({ port, path: `${path}.ports[${index}]` })),
  );
  const byNumber = new Map<string, PlacedPort[]>();
  const byName = new Map<string, string>();
  return ports.flatMap((placed) => {
    const { port, path } = placed;
    const key = `${port.containerPort}/${port.protocol ?? ''}`;
    const others = byNumber.get(key) ?? [];
    const warnings = [...withoutHostPort(placed), ...others.flatMap((other) => conflict(placed, other))];
    byNumber.set(key, [...others, placed]);
    const first = port.name ? byName.get(port.name) : undefined;
    if (port.name && first === undefined) byName.set(port.name, path);
    if (first === undefined) return warnings;
    const why = `duplicate port name ${JSON.stringify(port.name)} with ${first}, services and probes that select ports by name will use ${first}`;
    return [...warnings, `${path}: ${why}`];
  });
}

function withoutHostPort({ port, path }: PlacedPort): string[] {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port;
  if (hostIP === '' || hostPort !== 0) return [];
  const shown = `{Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
  return [`${path}: hostIP set without hostPort: ${shown}`];
}

/** Of two definitions of the same port of the pod. */
function conflict({ port, path }: PlacedPort, other: PlacedPort): string[] {
  const [own, their] = [port.hostPort ?? 0, other.port.hostPort ?? 0];
  const [ownIP, theirIP] = [port.hostIP ?? '', other.port.hostIP ?? ''];
  const tell = (what: string): string[] => [`${path}: ${what} port definition with ${other.path}`];
  if (own === their && ownIP === theirIP) return tell('duplicate');
  if (own === 0 || their === 0) return tell('overlapping');
  const isAmbiguous = own === their && (ownIP === '') !== (theirIP === '');
  return isAmbiguous ? tell('dangerously ambiguous') : [];
}
