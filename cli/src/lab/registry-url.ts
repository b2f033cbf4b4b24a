import { CliError } from '../errors.js';
import type { LabContainer } from './containers.js';

/** Where this machine reaches the lab's registry. */
export function registryUrl(containers: readonly LabContainer[]): string {
  const port = containers.find(({ service }) => service === 'registry')?.ports.get(5000);
  if (port === undefined) {
    throw new CliError("The lab's registry is not running.", { hint: 'Bring the cluster up with `./kubelab up`.' });
  }
  return `http://127.0.0.1:${port}`;
}
