/** The opaque token with which a client asks for the next page of a list: upstream's format, URL-safe base64 of a small JSON object. */

import { posix } from 'node:path';
import { describeJson, isObject, parseJson } from '@kubelab/apimachinery/json';
import { badRequest } from '@kubelab/apimachinery/status-error';

const tokenVersion = 'meta.k8s.io/v1';

export interface ContinueToken {
  /** The revision of the first page; negative: go on with the newest state. */
  revision: number;
  /** The first key that may be on the page, below the prefix of the list. */
  startKey: string;
}

/** The smallest key after `key`. */
export function keyAfter(key: string): string {
  return `${key}\u0000`;
}

export function encodeContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: tokenVersion, rv: token.revision, start: token.startKey })).toString(
    'base64url',
  );
}

function invalid(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}

function parseToken(text: string): Record<string, unknown> {
  const illegal = /[^A-Za-z0-9_-]/.exec(text)?.index ?? (text.length % 4 === 1 ? text.length - 1 : undefined);
  if (illegal !== undefined) throw invalid(`: illegal base64 data at input byte ${illegal}`);
  try {
    const value = parseJson(Buffer.from(text, 'base64url').toString());
    if (isObject(value)) return value;
    throw badRequest(`json: cannot unmarshal ${describeJson(value)} into Go value of type storage.continueToken`);
  } catch (cause) {
    throw invalid(`: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Throws StatusError 400 for anything that {@link encodeContinue} did not make, also for keys that leave the list's prefix. */
export function decodeContinue(text: string): ContinueToken {
  const { v, rv, start } = parseToken(text);
  if (v !== tokenVersion) throw invalid(`: server does not recognize this encoded version ${String(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw invalid(`: incorrect encoded start resourceVersion (version ${tokenVersion})`);
  }
  if (typeof start !== 'string' || start === '') throw invalid(`: encoded start key empty (version ${tokenVersion})`);
  const absolute = start.startsWith('/') ? start : `/${start}`;
  if (posix.normalize(absolute) !== absolute || absolute.endsWith('/')) throw invalid(`: ${start}`);
  return { revision: rv, startKey: absolute.slice(1) };
}
