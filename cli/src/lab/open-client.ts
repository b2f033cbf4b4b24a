import { existsSync } from 'node:fs';
import type { KubeClient } from '@kubelab/client/client';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import { CliError } from '../errors.js';
import type { Lab } from './lab.js';

/** The lab's API as its admin. Close it when done. */
export function openClient(lab: Lab): KubeClient {
  if (!existsSync(lab.kubeconfig)) {
    throw new CliError(`There is no cluster ${lab.project}: ${lab.kubeconfig} does not exist.`, {
      hint: 'Bring it up with `./kubelab up`.',
    });
  }
  return createClient({ ...loadKubeconfig(lab.kubeconfig), userAgent: 'kubelab' });
}
