import { type HttpGetAnswer, type HttpGetOptions, httpGet, probeUrl } from './http-get.js';

const redirected = new Set([301, 302, 303, 307, 308]);
/** Go's. */
const maxRequests = 10;

/** A GET that follows redirects as long as they stay on its host; where one leaves it, that is the answer. All requests share the time of one. */
export async function httpGetFollowing(options: HttpGetOptions): Promise<HttpGetAnswer> {
  const endAt = Date.now() + options.timeoutMs;
  let current = options;
  for (let requests = 1; ; requests++) {
    const answer = await httpGet({ ...current, timeoutMs: Math.max(1, endAt - Date.now()) });
    const next = redirected.has(answer.statusCode) ? nextRequest(current, answer.location) : undefined;
    if (!next || next.host !== options.host) return answer;
    if (requests >= maxRequests) throw new Error(`Get "${probeUrl(next)}": stopped after ${maxRequests} redirects`);
    current = next;
  }
}

/** Undefined when it cannot be told where to. Pure. */
export function nextRequest(options: HttpGetOptions, location: string | undefined): HttpGetOptions | undefined {
  if (location === undefined || !URL.canParse(location, probeUrl(options))) return undefined;
  const url = new URL(location, probeUrl(options));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const scheme = url.protocol.slice(0, -1);
  return {
    ...options,
    scheme,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || (scheme === 'https' ? 443 : 80)),
    path: `${url.pathname}${url.search}`,
    // A name that was asked for by hand is not that of another address.
    headers: URL.canParse(location)
      ? options.headers.filter(({ name }) => name.toLowerCase() !== 'host')
      : options.headers,
  };
}
