/** `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`: how the parent of a proxy subresource may be written. Pure. */

import { badRequest } from '@kubelab/apimachinery/status-error';

export interface ProxyName {
  secure: boolean;
  /** Whether a scheme was given at all. */
  hasScheme: boolean;
  name: string;
  /** A number or a port's name; empty for the default. */
  port: string;
}

/** Throws StatusError 400 `invalid pod request "a:b:c:d"`. */
export function parseProxyName(text: string, kind: 'node' | 'pod' | 'service'): ProxyName {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  const plain = (name: string, port: string): ProxyName => ({ secure: false, hasScheme: false, name, port });
  if (parts.length === 1 && first !== '') return plain(first, '');
  if (parts.length === 2 && first !== '' && second !== '') return plain(first, second);
  const isScheme = first === '' || first === 'http' || first === 'https';
  if (parts.length === 3 && isScheme && second !== '') {
    return { secure: first === 'https', hasScheme: first !== '', name: second, port: third };
  }
  throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
}
