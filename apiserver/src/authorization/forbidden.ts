/** The sentence that a refused user reads. */

import { forbidden, StatusError } from '@kubelab/apimachinery/status-error';
import type { AuthorizationAttributes } from '../contracts.js';

/** 403 as upstream words it: `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function forbiddenByAuthorization(attributes: AuthorizationAttributes, reason: string): StatusError {
  const message = describe(attributes) + (reason === '' ? '' : `: ${reason}`);
  if (!attributes.resourceRequest) {
    return new StatusError({ code: 403, reason: 'Forbidden', message: `forbidden: ${message}`, details: {} });
  }
  const resource = { group: attributes.apiGroup ?? '', resource: attributes.resource ?? '' };
  return forbidden(resource, attributes.name ?? '', message);
}

function describe(attributes: AuthorizationAttributes): string {
  const { user, verb, namespace, subresource } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (!attributes.resourceRequest) return `${who} path ${JSON.stringify(attributes.path)}`;
  const resource = `${attributes.resource ?? ''}${subresource ? `/${subresource}` : ''}`;
  const what = `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.apiGroup ?? '')}`;
  return namespace ? `${what} in the namespace ${JSON.stringify(namespace)}` : `${what} at the cluster scope`;
}
