import type { AuthorizationAttributes } from '../contracts.js';

/** Upstream's sentence for what a user may not do. Pure. */
export function describeForbidden(attributes: AuthorizationAttributes, reason: string): string {
  const sentence = describeAction(attributes);
  return reason === '' ? sentence : `${sentence}: ${reason}`;
}

function describeAction(attributes: AuthorizationAttributes): string {
  const quote = (text: string | undefined): string => escapeHtml(JSON.stringify(text ?? ''));
  const user = quote(attributes.user.name);
  if (!attributes.resourceRequest) return `User ${user} cannot ${attributes.verb} path ${quote(attributes.path)}`;
  const { resource = '', subresource, namespace } = attributes;
  const what = quote(subresource ? `${resource}/${subresource}` : resource);
  const where = namespace ? `in the namespace ${quote(namespace)}` : 'at the cluster scope';
  return `User ${user} cannot ${attributes.verb} resource ${what} in API group ${quote(attributes.apiGroup)} ${where}`;
}

/** Browsers must not take the answer for a page, so upstream takes out what could be markup. */
function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
