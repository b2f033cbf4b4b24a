/** Which part of a request's path belongs to the server behind a proxy subresource, and how that server is asked for it. Pure. */

import { posix } from 'node:path';
import { badRequest } from '@kubelab/apimachinery/status-error';

const prefixPattern = /^\/api\/v1\/(?:proxy\/)?(?:namespaces\/[^/]+\/)?(?:nodes|pods|services)\/[^/]+\/proxy(?=\/|$)/;

export interface ProxyPath {
  /** `/api/v1/namespaces/default/services/web/proxy`, as written by the client. */
  prefix: string;
  /** What follows, decoded and cleaned, with its leading slash; empty when nothing does. */
  path: string;
  /** `path` as it is sent. Escapes that need not be there are gone, as upstream's URLs lose them: `%2F` becomes a slash. */
  escaped: string;
  /** With question mark; may be empty. */
  search: string;
}

/** Undefined when the URL is none of a proxy subresource. Throws StatusError 400 for a path that cannot be decoded. */
export function parseProxyPath(url: string): ProxyPath | undefined {
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  const [prefix] = prefixPattern.exec(whole) ?? [];
  if (prefix === undefined) return undefined;
  return proxyPath(prefix, decode(whole.slice(prefix.length)), mark < 0 ? '' : url.slice(mark));
}

/** `rest` is decoded. */
export function proxyPath(prefix: string, rest: string, search: string): ProxyPath {
  const path = cleanPath(rest);
  return { prefix, path, escaped: escapePath(path), search };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(`invalid URL escape in path "${path}"`);
  }
}

/** Nothing leads out of the server's root, and a slash at the end stays. */
function cleanPath(path: string): string {
  if (path === '') return '';
  const clean = posix.join('/', path);
  return path.endsWith('/') && !clean.endsWith('/') ? `${clean}/` : clean;
}

/** Go's default encoding of a path: only what must be escaped is. */
function escapePath(path: string): string {
  return encodeURIComponent(path)
    .replace(/%(24|26|2B|2C|2F|3A|3B|3D|40)/g, (needless) => decodeURIComponent(needless))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
