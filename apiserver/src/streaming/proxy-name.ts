/** `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`: how the parent of a proxy subresource may be written. Pure. */

import { badRequest } from '@kubelab/apimachinery/status-error';

export interface ProxyName {
  secure: boolean;
  name: string;
  /** A number or a port's name; empty for the default. */
  port: string;
}

/** Throws StatusError 400 `invalid pod request "a:b:c:d"`. */
export function parseProxyName(text: string, kind: 'node' | 'pod' | 'service'): ProxyName {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length < 3 ? ['', ...parts] : parts;
  const known = scheme === '' || scheme === 'http' || scheme === 'https';
  if (parts.length > 3 || !known || name === '') throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  return { secure: scheme === 'https', name, port };
}
