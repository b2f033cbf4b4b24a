/** Which container of a pod a request is about. Pure. */

import type { Pod } from '@kubelab/api/types';
import { badRequest } from '@kubelab/apimachinery/status-error';

/** `requested` when the pod has it, its only container when nothing is requested. Throws StatusError 400 otherwise. */
export function chooseContainer(pod: Pod, requested: string): string {
  const names = (list: readonly { name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);
  const containers = names(pod.spec.containers);
  const init = names(pod.spec.initContainers);
  const ephemeral = names(pod.spec.ephemeralContainers);
  const { name } = pod.metadata;
  if (requested !== '') {
    if ([...containers, ...init, ...ephemeral].includes(requested)) return requested;
    throw badRequest(`container ${requested} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only !== undefined && others.length === 0) return only;
  let message = `a container name must be specified for pod ${name}`;
  if (containers.length > 0) message += `, choose one of: [${containers.join(' ')}]`;
  if (init.length > 0) message += ` or one of the init containers: [${init.join(' ')}]`;
  if (ephemeral.length > 0) message += ` or one of the ephemeral containers: [${ephemeral.join(' ')}]`;
  throw badRequest(message);
}
