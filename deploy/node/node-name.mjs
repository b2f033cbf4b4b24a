// Prints this node's name. Docker's resolver knows which container has an address: `<project>-node-2` (Compose v2) or `<project>_node_2`
// (Compose v1) is node-2, whatever the project is called.
import { promises as dns } from 'node:dns';
import { hostname, networkInterfaces } from 'node:os';

async function containerName() {
  for (const { family, internal, address } of Object.values(networkInterfaces()).flat()) {
    if (family !== 'IPv4' || internal) continue;
    try {
      const [name] = await dns.resolvePtr(`${address.split('.').reverse().join('.')}.in-addr.arpa`);
      if (name) return name.split('.')[0];
    } catch {
      // Not a Docker network with names: the host name has to do.
    }
  }
  return undefined;
}

const name = (await containerName()) ?? hostname();
const [, service, number] = /(?:^|[-_])([a-z0-9]+)[-_](\d+)$/.exec(name) ?? [];
process.stdout.write(`${service ? `${service}-${number}` : name.toLowerCase().replaceAll('_', '-')}\n`);
