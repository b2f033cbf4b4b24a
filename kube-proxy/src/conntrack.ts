/** Flows that the kernel keeps sending to endpoints which are gone: only UDP needs help, TCP notices by itself. */

import { CommandError, runCommand } from './command.js';
import type { ServicePort } from './service-ports.js';

export interface StaleFlow {
  /** Address and port that clients use. */
  address: string;
  port: number;
  /** The endpoint that is gone; absent: any (the service had none before). */
  endpoint?: string;
}

/** Pure: what to forget when `before` becomes `after`. */
export function findStaleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): StaleFlow[] {
  const now = new Map(after.filter(isUdp).map((port) => [port.name, port]));
  const then = new Map(before.filter(isUdp).map((port) => [port.name, port]));
  const lost = [...then.values()].flatMap((old) => {
    const kept = new Set(now.get(old.name)?.endpoints.map((endpoint) => endpoint.ip));
    const gone = old.endpoints.filter((endpoint) => !kept.has(endpoint.ip));
    return gone.map(({ ip }) => ({ address: old.clusterIP, port: old.port, endpoint: ip }));
  });
  const revived = [...now.values()].filter(
    (port) => port.endpoints.length > 0 && !then.get(port.name)?.endpoints.length,
  );
  return [...lost, ...revived.map((port) => ({ address: port.clusterIP, port: port.port }))];
}

function isUdp(port: ServicePort): boolean {
  return port.protocol === 'udp';
}

export async function forgetFlows(flows: readonly StaleFlow[]): Promise<void> {
  for (const { address, port, endpoint } of flows) {
    const reply = endpoint ? ['--dst-nat', endpoint] : [];
    try {
      await runCommand('conntrack', ['-D', '-p', 'udp', '--orig-dst', address, '--dport', String(port), ...reply]);
    } catch (error) {
      // conntrack ends with 1 when there was nothing to delete.
      if (!(error instanceof CommandError) || !error.stderr.includes('0 flow entries')) throw error;
    }
  }
}
