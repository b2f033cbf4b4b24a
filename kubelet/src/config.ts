/** The kubelet's flags, with upstream's names and defaults where both exist. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Taint } from '@kubelab/api/types';
import { boolFlag, durationFlag, type FlagValues, intFlag, listFlag, stringFlag } from '@kubelab/component/flags';
import { policyProblems } from './config-policies.js';
import { amountOf, bytesOf, milliOf } from './containers/amounts.js';
import { defaultEvictionHard } from './eviction/thresholds.js';
import { parseImageName } from './images/image-name.js';

export const flags = {
  kubeconfig: stringFlag('kubeconfig of this node; written after a bootstrap', '/etc/kubernetes/kubelet.conf'),
  'bootstrap-kubeconfig': stringFlag(
    'kubeconfig to ask for a client certificate with, when --kubeconfig does not work yet',
  ),
  'cert-dir': stringFlag('folder for certificates; empty: pki below --root-dir'),
  'rotate-certificates': boolFlag('renew the client certificate before it expires', true),
  'rotate-server-certificates': boolFlag('get the serving certificate from the cluster', true),
  'hostname-override': stringFlag('name of the node instead of the host name'),
  'container-runtime-endpoint': stringFlag('unix socket of the CRI runtime', 'unix:///run/kubelab/cri.sock'),
  'runtime-request-timeout': durationFlag(
    'how long the runtime may take for a call that is not a pull or an exec',
    120_000,
  ),
  'image-service-endpoint': stringFlag('unix socket of the CRI image service, when it is another one'),
  'docker-endpoint': stringFlag(
    'unix socket of a Docker engine: the kubelet itself serves it as the CRI runtime on --container-runtime-endpoint; empty: somebody else serves that',
  ),
  'pod-infra-container-image': stringFlag(
    'image of pod sandboxes, which image garbage collection spares; for runtimes that do not mark it themselves',
  ),
  'root-dir': stringFlag('folder for pods and their volumes', '/var/lib/kubelet'),
  'pod-log-dir': stringFlag('folder for container logs', '/var/log/pods'),
  'cluster-dns': listFlag('addresses of the cluster DNS'),
  'cluster-domain': stringFlag('domain of the cluster', 'cluster.local'),
  'resolv-conf': stringFlag('resolver configuration that pods start from; empty: none', '/etc/resolv.conf'),
  'node-ip': stringFlag('address of the node; empty: that of the default route'),
  'node-labels': listFlag('labels of the node, NAME=VALUE'),
  'register-with-taints': listFlag('taints of a new node, KEY=VALUE:EFFECT'),
  'max-pods': intFlag('how many pods the node takes', 110),
  'node-status-update-frequency': durationFlag('how often the node status is computed', 10_000),
  'node-lease-duration-seconds': intFlag('for how long a lease speaks for the node', 40),
  'tls-cert-file': stringFlag('serving certificate; empty: from the cluster'),
  'tls-private-key-file': stringFlag('key of --tls-cert-file'),
  'client-ca-file': stringFlag('CA of client certificates'),
  'anonymous-auth': boolFlag('whether requests without credentials are looked at; only /healthz answers them', true),
  address: stringFlag('address to serve on', '0.0.0.0'),
  port: intFlag('port of the HTTPS API', 10_250),
  'healthz-bind-address': stringFlag('address of the plain health port', '127.0.0.1'),
  'healthz-port': intFlag('plain port for /healthz; 0: none', 10_248),
  'cgroup-root': stringFlag('cgroup below which pods get theirs; empty: the runtime decides'),
  'pod-max-pids': intFlag('how many processes a pod may have; -1: as many as the node', -1),
  'cgroups-per-qos': boolFlag('a cgroup per quality of service class and pod below --cgroup-root', true),
  'cgroup-driver': stringFlag('cgroupfs', 'cgroupfs'),
  'allowed-unsafe-sysctls': listFlag('kernel settings that pods may change beyond the safe ones; may end in *'),
  'seccomp-root': stringFlag('folder of localhost seccomp profiles; empty: seccomp below --root-dir'),
  'serialize-image-pulls': boolFlag('pull one image at a time', false),
  'max-parallel-image-pulls': intFlag('how many images are pulled at once when not serialized', 3),
  'max-parallel-starts': intFlag('how many sandboxes and containers are started at once', 4),
  'pod-manifest-path': stringFlag('folder with manifests of static pods; empty: none'),
  'file-check-frequency': durationFlag(
    'how often --pod-manifest-path is looked at when nothing tells of changes',
    20_000,
  ),
  'shutdown-grace-period': durationFlag('how long pods get to end when the node shuts down; 0: they go on running', 0),
  'shutdown-grace-period-critical-pods': durationFlag('the part of it that critical pods have for themselves', 0),
  'node-shutdown-file': stringFlag(
    'a stop of the kubelet is one of the node only while this file is there; empty: always, when there is a --shutdown-grace-period',
  ),
  'container-log-max-size': stringFlag('size after which a container log is rotated', '10Mi'),
  'container-log-max-files': intFlag('how many files a container log may consist of, at least 2', 5),
  'container-log-monitor-interval': durationFlag('how often container logs are looked at', 10_000),
  'maximum-dead-containers-per-container': intFlag('dead containers kept per container; negative: all', 1),
  'maximum-dead-containers': intFlag('dead containers kept on the node; negative: any number', -1),
  'minimum-container-ttl-duration': durationFlag('age that a dead container must have to be removed', 0),
  'image-gc-high-threshold': intFlag('percent of the node’s disk in use from which on unused images are removed', 85),
  'image-gc-low-threshold': intFlag('percent of the node’s disk in use down to which images are removed', 80),
  'minimum-image-ttl-duration': durationFlag('age that an unused image must have to be removed', 120_000),
  'image-maximum-gc-age': durationFlag('age after which an unused image is removed in any case; 0: never', 0),
  'eviction-hard': stringFlag('what the node must have left; below it pods are evicted at once', defaultEvictionHard),
  'eviction-soft': stringFlag('what the node should have left; below it pods are evicted after a while'),
  'eviction-soft-grace-period': listFlag('after how long, SIGNAL=DURATION'),
  'eviction-max-pod-grace-period': intFlag('seconds that pods get at most when a soft threshold evicts them', 0),
  'eviction-minimum-reclaim': listFlag('what is freed beyond a threshold, SIGNAL=AMOUNT'),
  'eviction-pressure-transition-period': durationFlag('how long a pressure condition stays after its reason', 300_000),
  'kube-reserved': listFlag('resources kept for the kubelet and the runtime, cpu=100m,memory=100Mi'),
  'system-reserved': listFlag('resources kept for the system'),
};

export type Config = FlagValues<typeof flags>;

/** Every problem with the values, as sentences. */
export function validate(config: Config): string[] {
  const problems: string[] = [];
  const check = (good: boolean, sentence: string): void => {
    if (!good) problems.push(sentence);
  };
  for (const name of ['container-runtime-endpoint', 'image-service-endpoint', 'docker-endpoint'] as const) {
    const optional = name !== 'container-runtime-endpoint' && config[name] === '';
    check(optional || /^unix:\/\/\/./.test(config[name]), `--${name} must be unix:///path, not "${config[name]}"`);
  }
  for (const name of ['root-dir', 'pod-log-dir'] as const) {
    check(config[name].startsWith('/'), `--${name} must be an absolute path, not "${config[name]}"`);
  }
  for (const address of config['cluster-dns'])
    check(isIP(address) !== 0, `--cluster-dns must be IP addresses, not "${address}"`);
  check(
    config['node-ip'] === '' || isIP(config['node-ip']) !== 0,
    `--node-ip must be an IP address, not "${config['node-ip']}"`,
  );
  for (const name of ['port', 'healthz-port'] as const) {
    check(config[name] >= 0 && config[name] <= 65_535, `--${name} must be between 0 and 65535, not ${config[name]}`);
  }
  for (const name of [
    'max-pods',
    'node-lease-duration-seconds',
    'max-parallel-image-pulls',
    'max-parallel-starts',
  ] as const) {
    check(config[name] > 0, `--${name} must be greater than 0, not ${config[name]}`);
  }
  check(config['node-status-update-frequency'] > 0, '--node-status-update-frequency must be greater than 0');
  check(
    (config['tls-cert-file'] === '') === (config['tls-private-key-file'] === ''),
    '--tls-cert-file and --tls-private-key-file go together',
  );
  check(config['cgroup-driver'] === 'cgroupfs', `--cgroup-driver must be cgroupfs, not "${config['cgroup-driver']}"`);
  check(
    config['cgroup-root'] === '' || config['cgroup-root'].startsWith('/'),
    '--cgroup-root must be an absolute path',
  );
  check(isNodeName(nodeNameOf(config)), `--hostname-override: "${nodeNameOf(config)}" is not a valid node name`);
  if (config['pod-infra-container-image'] !== '') {
    problems.push(
      ...problemOf(() => parseImageName(config['pod-infra-container-image'])).map(
        (problem) => `--pod-infra-container-image: ${problem}`,
      ),
    );
  }
  problems.push(...policyProblems(config));
  for (const parse of [parseLabels, parseTaints, reservedOf]) problems.push(...problemOf(() => parse(config)));
  return problems;
}

function problemOf(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function isNodeName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

export function nodeNameOf(config: Config): string {
  return (config['hostname-override'] || hostname()).trim().toLowerCase();
}

export function parseLabels(config: Config): Record<string, string> {
  return Object.fromEntries(
    config['node-labels'].map((text) => {
      const match = /^([^=]+)=(.*)$/.exec(text);
      if (!match) throw new Error(`--node-labels must be NAME=VALUE, not "${text}"`);
      return [match[1] as string, match[2] as string];
    }),
  );
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function parseTaints(config: Config): Taint[] {
  return config['register-with-taints'].map((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text);
    if (!match || !effects.includes(match[3] as string))
      throw new Error(`--register-with-taints must be KEY=VALUE:EFFECT, not "${text}"`);
    return { key: match[1] as string, ...(match[2] ? { value: match[2] } : {}), effect: match[3] as string };
  });
}

export function reservedOf(config: Config): { cpuMilli: number; memoryBytes: number } {
  const total = { cpuMilli: 0, memoryBytes: 0 };
  for (const name of ['kube-reserved', 'system-reserved'] as const) {
    for (const text of config[name]) {
      const match = /^(cpu|memory)=(.+)$/.exec(text);
      if (!match) throw new Error(`--${name} must be cpu=AMOUNT,memory=AMOUNT, not "${text}"`);
      amountOf(match[2]);
      if (match[1] === 'cpu') total.cpuMilli += milliOf(match[2]);
      else total.memoryBytes += bytesOf(match[2]);
    }
  }
  return total;
}
