import type { Pod } from '@kubelab/api/types';
import { namespaceOf } from '../pods/pod.js';

const maxHostname = 63;
/** What the kernel allows. */
const maxFqdn = 64;

export interface PodHostname {
  /** What `hostname` prints inside the pod. */
  hostname: string;
  /** First name in /etc/hosts. */
  shortName: string;
  /** `subdomain.namespace.svc.cluster.local`, or empty. */
  domain: string;
}

/** Throws an Error when setHostnameAsFQDN asks for a name that the kernel cannot hold. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const shortName = pod.spec.hostname || pod.metadata.name.slice(0, maxHostname).replace(/[-.]+$/, '');
  const domain = pod.spec.subdomain ? `${pod.spec.subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}` : '';
  if (!pod.spec.setHostnameAsFQDN || domain === '') return { hostname: shortName, shortName, domain };
  const fqdn = `${shortName}.${domain}`;
  if (fqdn.length > maxFqdn) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${maxFqdn} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return { hostname: fqdn, shortName, domain };
}
