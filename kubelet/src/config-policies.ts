/** Groups of flags as the parts of the kubelet want them. */
import type { Config } from './config.js';
import { bytesOf } from './containers/amounts.js';
import type { ContainerGcPolicy } from './garbage/container-plan.js';
import type { ImageGcPolicy } from './garbage/image-plan.js';
import type { RotationPolicy } from './log-rotation/plan.js';

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

export function policyProblems(config: Config): string[] {
  const problems: string[] = [];
  if (config['shutdown-grace-period'] < config['shutdown-grace-period-critical-pods'])
    problems.push('--shutdown-grace-period must be at least --shutdown-grace-period-critical-pods');
  for (const name of ['pod-manifest-path', 'node-shutdown-file'] as const) {
    if (config[name] !== '' && !config[name].startsWith('/')) problems.push(`--${name} must be an absolute path`);
  }
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
  try {
    if (rotationPolicyOf(config).maxSize <= 0) problems.push('--container-log-max-size must be greater than 0');
  } catch (error) {
    problems.push(`--container-log-max-size: ${error instanceof Error ? error.message : String(error)}`);
  }
  return problems;
}
