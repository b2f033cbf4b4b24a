/** Puts routes into the kernel. Ours carry a protocol number of their own, so that nobody else's are touched. */

import { runCommand } from '../command.js';
import { diffRoutes, type Route } from './plan.js';

const protocol = '201';

export async function applyRoutes(wanted: readonly Route[]): Promise<void> {
  const { replace, remove } = diffRoutes(wanted, await listRoutes());
  for (const { destination, gateway } of replace) {
    await runCommand('ip', ['route', 'replace', destination, 'via', gateway, 'proto', protocol]);
  }
  for (const { destination } of remove) {
    await runCommand('ip', ['route', 'del', destination, 'proto', protocol]);
  }
}

async function listRoutes(): Promise<Route[]> {
  const output = await runCommand('ip', ['-4', '-j', 'route', 'show', 'proto', protocol]);
  const routes = JSON.parse(output.trim() || '[]') as { dst: string; gateway?: string }[];
  return routes.map(({ dst, gateway = '' }) => ({ destination: dst, gateway }));
}
