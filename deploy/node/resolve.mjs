// resolve.mjs SERVER NAME: prints the addresses that a DNS server gives for a name, as this node's network reaches it.
import { promises as dns } from 'node:dns';

const [server, name] = process.argv.slice(2);
const resolver = new dns.Resolver({ timeout: 1000, tries: 1 });
resolver.setServers([server]);
try {
  process.stdout.write(`${(await resolver.resolve4(name)).join(' ')}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
