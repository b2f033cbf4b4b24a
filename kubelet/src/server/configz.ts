/** The kubelet's settings under the names that upstream's KubeletConfiguration gives them. Pure. */
import { formatDuration } from '@kubelab/apimachinery/duration';
import { type Config, parseTaints } from '../config.js';

export function kubeletConfiguration(config: Config): Record<string, unknown> {
  return { ...serverPart(config), ...nodePart(config), ...podPart(config), ...housekeepingPart(config) };
}

function serverPart(config: Config): Record<string, unknown> {
  return {
    enableServer: true,
    address: config.address,
    port: config.port,
    healthzPort: config['healthz-port'],
    healthzBindAddress: config['healthz-bind-address'],
    ...withoutEmpty({ tlsCertFile: config['tls-cert-file'], tlsPrivateKeyFile: config['tls-private-key-file'] }),
    rotateCertificates: config['rotate-certificates'],
    serverTLSBootstrap: config['rotate-server-certificates'] && config['tls-cert-file'] === '',
    authentication: {
      x509: withoutEmpty({ clientCAFile: config['client-ca-file'] }),
      webhook: { enabled: true },
      anonymous: { enabled: config['anonymous-auth'] },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: config['container-runtime-endpoint'],
    ...withoutEmpty({ imageServiceEndpoint: config['image-service-endpoint'] }),
    runtimeRequestTimeout: formatDuration(config['runtime-request-timeout']),
  };
}

function nodePart(config: Config): Record<string, unknown> {
  return {
    registerNode: true,
    registerWithTaints: parseTaints(config),
    nodeStatusUpdateFrequency: formatDuration(config['node-status-update-frequency']),
    nodeLeaseDurationSeconds: config['node-lease-duration-seconds'],
    cgroupRoot: config['cgroup-root'],
    cgroupsPerQOS: config['cgroups-per-qos'],
    cgroupDriver: config['cgroup-driver'],
    kubeReserved: mapOf(config['kube-reserved']),
    systemReserved: mapOf(config['system-reserved']),
    enforceNodeAllocatable: config['cgroup-root'] !== '' && config['cgroups-per-qos'] ? ['pods'] : [],
    shutdownGracePeriod: formatDuration(config['shutdown-grace-period']),
    shutdownGracePeriodCriticalPods: formatDuration(config['shutdown-grace-period-critical-pods']),
  };
}

function podPart(config: Config): Record<string, unknown> {
  return {
    clusterDomain: config['cluster-domain'],
    clusterDNS: config['cluster-dns'],
    resolvConf: config['resolv-conf'],
    maxPods: config['max-pods'],
    podPidsLimit: config['pod-max-pids'],
    ...withoutEmpty({ staticPodPath: config['pod-manifest-path'] }),
    fileCheckFrequency: formatDuration(config['file-check-frequency']),
    allowedUnsafeSysctls: config['allowed-unsafe-sysctls'],
    serializeImagePulls: config['serialize-image-pulls'],
    maxParallelImagePulls: config['max-parallel-image-pulls'],
    podLogsDir: config['pod-log-dir'],
  };
}

function housekeepingPart(config: Config): Record<string, unknown> {
  return {
    containerLogMaxSize: config['container-log-max-size'],
    containerLogMaxFiles: config['container-log-max-files'],
    containerLogMonitorInterval: formatDuration(config['container-log-monitor-interval']),
    imageMinimumGCAge: formatDuration(config['minimum-image-ttl-duration']),
    imageMaximumGCAge: formatDuration(config['image-maximum-gc-age']),
    imageGCHighThresholdPercent: config['image-gc-high-threshold'],
    imageGCLowThresholdPercent: config['image-gc-low-threshold'],
    evictionHard: mapOf(config['eviction-hard'].split(','), '<'),
    evictionSoft: mapOf(config['eviction-soft'].split(','), '<'),
    evictionSoftGracePeriod: mapOf(config['eviction-soft-grace-period']),
    evictionMinimumReclaim: mapOf(config['eviction-minimum-reclaim']),
    evictionMaxPodGracePeriod: config['eviction-max-pod-grace-period'],
    evictionPressureTransitionPeriod: formatDuration(config['eviction-pressure-transition-period']),
  };
}

function withoutEmpty(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

function mapOf(entries: readonly string[], separator = '='): Record<string, string> {
  return Object.fromEntries(
    entries
      .filter((entry) => entry.includes(separator))
      .map((entry) => {
        const at = entry.indexOf(separator);
        return [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
      }),
  );
}
