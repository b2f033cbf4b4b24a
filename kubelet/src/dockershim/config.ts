/** The shim's flags. */
import { isIP } from 'node:net';
import { boolFlag, durationFlag, type FlagValues, intFlag, stringFlag } from '@kubelab/component/flags';

export const flags = {
  'docker-endpoint': stringFlag('the engine to use, a unix socket', 'unix:///var/run/docker.sock'),
  listen: stringFlag('the unix socket to serve the CRI on', 'unix:///run/kubelab/cri.sock'),
  'pod-sandbox-image': stringFlag(
    'the image whose network and IPC namespaces the containers of a pod share',
    'kubelab/pause:1',
  ),
  'streaming-address': stringFlag('the address that exec, attach and port-forward URLs point to', '127.0.0.1'),
  'streaming-port': intFlag('the port of those URLs, 0 for any free one', 0),
  'cgroup-parent': stringFlag('the cgroup of pods whose sandbox config names none; empty leaves it to the engine'),
  'root-dir': stringFlag('the directory for what the shim needs at run time', '/var/lib/dockershim'),
  'engine-config-file': stringFlag(
    'the engine configuration whose bip follows the pod CIDR; empty leaves the pod network to the engine',
    '/etc/docker/daemon.json',
  ),
  'engine-restart-command': stringFlag(
    'the command that restarts the engine after its configuration changed',
    'sv restart dockerd',
  ),
  'publish-host-ports': boolFlag(
    'let the engine publish host ports; it can only with its iptables rules or its userland proxy. Else the shim writes rules of its own',
  ),
  'max-parallel-starts': intFlag('how many containers may be starting at the same time', 3),
  'image-pull-progress-deadline': durationFlag('a pull that makes no progress for this long is cancelled', 60_000),
  'relist-period': durationFlag(
    'how often the engine is asked for changes that its event stream did not report',
    30_000,
  ),
};

export type Config = FlagValues<typeof flags>;

/** Every problem with the values, as sentences. */
export function validate(config: Config): string[] {
  const problems: string[] = [];
  for (const name of ['docker-endpoint', 'listen'] as const) {
    if (!/^unix:\/\/\/./.test(config[name])) problems.push(`--${name} must be unix:///path, not "${config[name]}"`);
  }
  if (config['pod-sandbox-image'] === '') problems.push('--pod-sandbox-image must not be empty');
  if (isIP(config['streaming-address']) === 0) {
    problems.push(`--streaming-address must be an IP address, not "${config['streaming-address']}"`);
  }
  if (config['streaming-port'] < 0 || config['streaming-port'] > 65535) {
    problems.push(`--streaming-port must be between 0 and 65535, not ${config['streaming-port']}`);
  }
  if (config['max-parallel-starts'] < 1) problems.push('--max-parallel-starts must be at least 1');
  if (config['engine-config-file'] !== '' && config['engine-restart-command'].trim() === '') {
    problems.push('--engine-restart-command must not be empty while --engine-config-file is set');
  }
  for (const name of ['engine-config-file', 'root-dir'] as const) {
    if (config[name] !== '' && !config[name].startsWith('/')) problems.push(`--${name} must be an absolute path`);
  }
  if (config['root-dir'] === '') problems.push('--root-dir must not be empty');
  return problems;
}

/** The path of a `unix://` endpoint. */
export function socketPath(endpoint: string): string {
  return endpoint.slice('unix://'.length);
}
