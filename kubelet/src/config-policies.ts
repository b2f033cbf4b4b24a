/** Groups of flags as the parts of the kubelet want them. */
import type { Config } from './config.js';
import { bytesOf } from './containers/amounts.js';
import { readThresholds, type Threshold } from './eviction/thresholds.js';
import type { ContainerGcPolicy } from './garbage/container-plan.js';
import type { ImageGcPolicy } from './garbage/image-plan.js';
import type { RotationPolicy } from './log-rotation/plan.js';
import { allowlistProblem } from './pods/sysctl-allowlist.js';

export function containerGcPolicyOf(config: Config): ContainerGcPolicy {
  return {
    minAgeMs: config['minimum-container-ttl-duration'],
    maxPerContainer: config['maximum-dead-containers-per-container'],
    maxContainers: config['maximum-dead-containers'],
  };
}

export function imageGcPolicyOf(config: Config): ImageGcPolicy {
  return {
    highThreshold: config['image-gc-high-threshold'],
    lowThreshold: config['image-gc-low-threshold'],
    minAgeMs: config['minimum-image-ttl-duration'],
    maxAgeMs: config['image-maximum-gc-age'],
  };
}

/** Throws an Error when the size is no quantity. */
export function rotationPolicyOf(config: Config): RotationPolicy {
  return { maxSize: bytesOf(config['container-log-max-size']), maxFiles: config['container-log-max-files'] };
}

/** Whether the kubelet makes cgroups for pods, or leaves them to the runtime. */
export function hasPodCgroups(config: Config): boolean {
  return config['cgroup-root'] !== '' && config['cgroups-per-qos'];
}

/** Throws an Error that says what is wrong with the --eviction flags. */
export function thresholdsOf(config: Config): Threshold[] {
  return readThresholds({
    hard: config['eviction-hard'],
    soft: config['eviction-soft'],
    softGracePeriods: config['eviction-soft-grace-period'],
    minimumReclaim: config['eviction-minimum-reclaim'],
  });
}

export function policyProblems(config: Config): string[] {
  const problems: string[] = [];
  if (config['shutdown-grace-period'] < config['shutdown-grace-period-critical-pods'])
    problems.push('--shutdown-grace-period must be at least --shutdown-grace-period-critical-pods');
  for (const name of ['pod-manifest-path', 'node-shutdown-file'] as const) {
    if (config[name] !== '' && !config[name].startsWith('/')) problems.push(`--${name} must be an absolute path`);
  }
  problems.push(...config['allowed-unsafe-sysctls'].flatMap((pattern) => allowlistProblem(pattern) ?? []));
  if (config['runtime-request-timeout'] <= 0) problems.push('--runtime-request-timeout must be greater than 0');
  if (config['file-check-frequency'] <= 0) problems.push('--file-check-frequency must be greater than 0');
  const high = config['image-gc-high-threshold'];
  const low = config['image-gc-low-threshold'];
  for (const [name, value] of [
    ['image-gc-high-threshold', high],
    ['image-gc-low-threshold', low],
  ] as const) {
    if (value < 0 || value > 100) problems.push(`--${name} must be between 0 and 100, not ${value}`);
  }
  if (low >= high)
    problems.push(`--image-gc-low-threshold (${low}) must be less than --image-gc-high-threshold (${high})`);
  if (config['container-log-max-files'] < 2)
    problems.push(`--container-log-max-files must be greater than 1, not ${config['container-log-max-files']}`);
  if (config['container-log-monitor-interval'] <= 0)
    problems.push('--container-log-monitor-interval must be greater than 0');
  for (const name of ['eviction-max-pod-grace-period', 'eviction-pressure-transition-period'] as const) {
    if (config[name] < 0) problems.push(`--${name} must not be negative`);
  }
  try {
    thresholdsOf(config);
  } catch (error) {
    problems.push(`--eviction-hard, --eviction-soft: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    if (rotationPolicyOf(config).maxSize <= 0) problems.push('--container-log-max-size must be greater than 0');
  } catch (error) {
    problems.push(`--container-log-max-size: ${error instanceof Error ? error.message : String(error)}`);
  }
  return problems;
}
