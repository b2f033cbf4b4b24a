import { UsageError } from '../errors.js';

const defaultSeconds = 180;

/** How long each wait may take, in milliseconds; the environment's KUBELAB_TIMEOUT is in seconds. Throws UsageError. */
export function waitTimeoutMs(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['KUBELAB_TIMEOUT'] ?? String(defaultSeconds);
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  if (seconds === 0) throw new UsageError(`KUBELAB_TIMEOUT must be a whole number of seconds, not "${text}".`);
  return seconds * 1000;
}
