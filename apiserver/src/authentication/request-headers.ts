/** Headers as lists of values, and the taking away of credentials once they have been used. */

import type { IncomingMessage } from 'node:http';

/** All values of a header; repeated headers are separate values. `name` in lower case. */
export function headerValues(request: IncomingMessage, name: string): string[] {
  // A header that was taken away stays in the raw headers that headersDistinct is made of.
  if (request.headers[name] === undefined) return [];
  return request.headersDistinct[name] ?? [];
}

export function headerValue(request: IncomingMessage, name: string): string | undefined {
  return headerValues(request, name)[0];
}

/** Names (in lower case) of all present headers that begin with `prefix`. */
export function headerNamesWithPrefix(request: IncomingMessage, prefix: string): string[] {
  return Object.keys(request.headers).filter((name) => name.startsWith(prefix) && name.length > prefix.length);
}

/** Credentials must not travel on to a kubelet, a pod or a service behind a proxy path. */
export function dropHeader(request: IncomingMessage, name: string): void {
  delete request.headers[name];
}

export function replaceHeader(request: IncomingMessage, name: string, value: string): void {
  request.headers[name] = value;
  request.headersDistinct[name] = [value];
}

/** The key of an `-Extra-KEY` header: percent-decoded when that is possible, as upstream. */
export function decodeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase();
  } catch {
    return key;
  }
}
