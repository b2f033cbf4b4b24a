import { existsSync, readFileSync } from 'node:fs';
import { findComposeCommand } from '../compose/compose.js';
import { CliError } from '../errors.js';
import { hasCommand, run, tryRun } from '../process/run.js';

/** Something a command needs on this machine. */
export interface Need {
  /** What to call it when the user has to install it. */
  name: string;
  /** Debian packages that bring it. */
  packages: readonly string[];
  /** Packages that later releases have split off from those; installed where they exist. */
  splitOff?: readonly string[];
  present(): Promise<boolean>;
}

const command = (name: string, ...packages: string[]): Need => ({ name, packages, present: () => hasCommand(name) });

/** To bring a lab up. The engine itself counts only where this command may start one. */
export const labNeeds: readonly Need[] = [
  // Debian 13 and Ubuntu 24.10 have a package of its own for the client, and install it with the engine only as a recommendation.
  { ...command('docker', 'docker.io'), splitOff: ['docker-cli'] },
  {
    name: 'Docker Compose (the plugin or docker-compose)',
    packages: ['docker-compose'],
    present: async () => (await findComposeCommand()) !== undefined,
  },
];

/** An engine of this machine, where docker has none to talk to. */
export const engineNeeds: readonly Need[] = [command('dockerd', 'docker.io'), command('iptables', 'iptables')];

/** To make images without Docker Hub. */
export const offlineNeeds: readonly Need[] = [command('mmdebstrap', 'mmdebstrap')];

/** To run the tests. */
export const testNeeds: readonly Need[] = [
  command('etcd', 'etcd-server'),
  command('etcdctl', 'etcd-client'),
  command('kubectl', 'kubernetes-client'),
  command('docker-registry', 'docker-registry'),
  // The runtime's tests make small images themselves.
  command('busybox', 'busybox-static'),
  command('gcc', 'gcc', 'libc6-dev'),
  command('iptables', 'iptables'),
  command('ip', 'iproute2'),
  command('curl', 'curl'),
  command('containerd', 'containerd'),
  {
    name: 'the CNI plugins in /usr/lib/cni',
    packages: ['containernetworking-plugins'],
    present: async () => existsSync('/usr/lib/cni/bridge'),
  },
];

/**
 * Installs what is missing with apt, as root on Debian and Ubuntu; elsewhere throws a CliError that names exactly what to install. Gives
 * the names of what was installed.
 */
export async function ensureInstalled(needs: readonly Need[], report: (state: string) => void): Promise<string[]> {
  const missing: Need[] = [];
  for (const need of needs) if (!(await need.present())) missing.push(need);
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.flatMap((need) => need.packages))];
  const names = missing.map((need) => need.name).join(', ');
  if (!isDebianLike()) {
    throw new CliError(`This machine lacks ${names}.`, {
      hint: `Install it with your system's package manager (on Debian: ${packages.join(' ')}) and run the command again.`,
    });
  }
  if (process.getuid?.() !== 0) {
    throw new CliError(`This machine lacks ${names}.`, {
      hint: `Run \`sudo apt-get install ${packages.join(' ')}\` and then the command again.`,
    });
  }
  const splitOff = [...new Set(missing.flatMap((need) => need.splitOff ?? []))];
  const installed = await aptInstall(packages, splitOff, report);
  for (const need of missing) {
    if (!(await need.present()))
      throw new CliError(`Installed ${need.packages.join(' ')}, but ${need.name} is still missing.`);
  }
  return installed;
}

export function isDebianLike(file = '/etc/os-release'): boolean {
  if (!existsSync(file)) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync(file, 'utf8'));
}

async function aptInstall(
  packages: readonly string[],
  splitOff: readonly string[],
  report: (state: string) => void,
): Promise<string[]> {
  // The packages' own service managers must not start an engine or an etcd here: on machines without systemd they fail or fork.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  report('apt-get update');
  await run('apt-get', ['update', '-q'], { env });
  const chosen = [...packages];
  for (const name of splitOff) if ((await tryRun('apt-cache', ['show', name])).code === 0) chosen.push(name);
  report(`apt-get install ${chosen.join(' ')}`);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...chosen], { env, onLine: report });
  return chosen;
}
