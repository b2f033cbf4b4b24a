/** Cross-origin requests of browsers: which origins may read answers. Off unless origins are named. */

import type { IncomingMessage, ServerResponse } from 'node:http';

const allowed = {
  'Access-Control-Allow-Methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'Access-Control-Allow-Headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'Access-Control-Expose-Headers': 'Date',
  'Access-Control-Allow-Credentials': 'true',
} as const;

/** True when the request was a preflight and has been answered. Comes before authentication: browsers ask without credentials. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

/** `patterns` are regular expressions over the Origin header, as --cors-allowed-origins takes them. */
export function createCors(patterns: readonly string[]): Cors {
  const expressions = patterns.map((pattern) => new RegExp(pattern));
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined || !expressions.some((expression) => expression.test(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', origin);
    for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value);
    if (request.method !== 'OPTIONS') return false;
    response.writeHead(204).end();
    return true;
  };
}

/** Problems with --cors-allowed-origins. A pattern that matches part of a host's name would let strangers in. */
export function validateCorsOrigins(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const problem = problemOf(pattern);
    return problem === undefined ? [] : [`--cors-allowed-origins has an invalid regular expression: ${problem}`];
  });
}

function problemOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const pinned = /\^|\/\//.test(pattern) && /[$:]/.test(pattern);
  return pinned ? undefined : 'regular expression does not pin to start/end of host in the origin header';
}
