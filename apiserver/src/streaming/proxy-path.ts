/** Which part of a request's path belongs to the server behind a proxy subresource. Pure. */

const prefixPattern = /^\/api\/v1\/(?:proxy\/)?(?:namespaces\/[^/]+\/)?(?:nodes|pods|services)\/[^/]+\/proxy(?=\/|$)/;

export interface ProxyPath {
  /** `/api/v1/namespaces/default/services/web/proxy`, as written by the client. */
  prefix: string;
  /** What follows, with its leading slash; empty when nothing does. Escapes stay as they are. */
  path: string;
  /** With question mark; may be empty. */
  search: string;
}

/** Undefined when the URL is none of a proxy subresource. */
export function parseProxyPath(url: string): ProxyPath | undefined {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const [prefix] = prefixPattern.exec(path) ?? [];
  if (prefix === undefined) return undefined;
  return { prefix, path: path.slice(prefix.length), search: mark < 0 ? '' : url.slice(mark) };
}
