/** ServiceCIDRs and IPAddresses: the one range of this server is shown; others are refused, since nobody would take addresses from them. */

import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { type Clock, timestamp } from '@kubelab/component/clock';
import { refuse } from '../admission/refusal.js';
import type { AdmissionPlugin, ObjectAccess } from '../contracts.js';
import type { Resources } from '../registry/resources.js';

const group = 'networking.k8s.io';
const defaultName = 'kubernetes';

export const onlyOwnServiceNetworks: AdmissionPlugin = {
  name: 'ServiceNetworks',
  validate(request) {
    const { definition, operation, subresource } = request;
    if (definition.group !== group || operation !== 'CREATE' || subresource !== '') return;
    if (definition.plural === 'servicecidrs') {
      throw refuse(request, 'additional ranges of service addresses are not supported by this server yet');
    }
    if (definition.plural === 'ipaddresses') {
      throw refuse(request, 'reserving service addresses is not supported by this server yet');
    }
  },
};

/** Shows the range of --service-cluster-ip-range as upstream's default ServiceCIDR. */
export async function showServiceNetwork(
  resources: Resources,
  objects: ObjectAccess,
  cidr: string,
  clock: Clock,
): Promise<void> {
  const resource = { group, resource: 'servicecidrs' };
  if (!resources.byGroupResource(resource)?.store || objects.peek(resource, undefined, defaultName)) return;
  await objects
    .create(resource, { metadata: { name: defaultName }, spec: { cidrs: [cidr] } })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  await objects.update(resource, undefined, defaultName, (current) => {
    if (!current) return undefined;
    const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready' };
    return { ...current, status: { conditions: [{ ...ready, lastTransitionTime: timestamp(clock) }] } };
  });
}
