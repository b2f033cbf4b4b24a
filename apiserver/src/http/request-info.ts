/** From method, path and query to what a request is about, by the rules of upstream's RequestInfoFactory. Pure. */

import { badRequest } from '@kubelab/apimachinery/status-error';
import type { RequestInfo } from '../contracts.js';

/** Sub-collections of a namespace that are subresources of the namespace itself, not resources in it. */
const namespaceSubresources = new Set(['status', 'finalize']);

const verbOfMethod: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * Throws StatusError 400 for a path that cannot be decoded. For list, watch and deletecollection `name` is the one that the field selector
 * `metadata.name=...` demands, if any: authorization rules for single objects then apply to them.
 */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = splitPath(path);
  const prefix = parts[0];
  const grouped = prefix === 'apis';
  if ((!grouped && prefix !== 'api') || parts.length < 3 || (grouped && parts.length < 4)) {
    return nonResourceInfo(method, path);
  }
  const rest = parts.slice(grouped ? 3 : 2);
  const info: RequestInfo = {
    resourceRequest: true,
    verb: verbOfMethod[method] ?? '',
    path,
    apiGroup: grouped ? (parts[1] ?? '') : '',
    apiVersion: (grouped ? parts[2] : parts[1]) ?? '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
  };
  if (rest[0] === 'watch') {
    if (rest.length < 2) throw badRequest('unable to determine kind and namespace from url');
    info.verb = 'watch';
    rest.shift();
  }
  readResource(info, rest);
  if (info.name === '') turnIntoCollectionVerb(info, query);
  return info;
}

function splitPath(path: string): string[] {
  const trimmed = withoutSlashes(path);
  if (trimmed === '') return [];
  let decoded: string;
  try {
    decoded = decodeURIComponent(trimmed);
  } catch {
    throw badRequest(`invalid URL escape in path "${path}"`);
  }
  return decoded.split('/');
}

/** Without those at either end; by hand, as a pattern would try each of a million slashes for the end. */
function withoutSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function nonResourceInfo(method: string, path: string): RequestInfo {
  return {
    resourceRequest: false,
    verb: method.toLowerCase(),
    path,
    apiGroup: '',
    apiVersion: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
  };
}

function readResource(info: RequestInfo, rest: string[]): void {
  let parts = rest;
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    info.namespace = parts[1];
    const third = parts[2];
    if (third !== undefined && !namespaceSubresources.has(third)) parts = parts.slice(2);
  }
  info.resource = parts[0] ?? '';
  info.name = parts[1] ?? '';
  // With the deprecated /watch/ prefix nothing follows the name.
  if (info.verb === 'watch') return;
  info.subresource = parts[2] ?? '';
  info.rest = parts.slice(3).join('/');
}

function turnIntoCollectionVerb(info: RequestInfo, query: URLSearchParams): void {
  if (info.verb === 'get') info.verb = isTrue(query.get('watch')) ? 'watch' : 'list';
  else if (info.verb === 'delete') info.verb = 'deletecollection';
  if (info.verb !== 'list' && info.verb !== 'watch' && info.verb !== 'deletecollection') return;
  const selected = nameInSelector(query.get('fieldSelector') ?? '');
  if (selected !== undefined && !selected.includes('/') && selected !== '.' && selected !== '..') info.name = selected;
}

/** The name that one of the selector's terms demands, if it is plain text. */
function nameInSelector(selector: string): string | undefined {
  for (const term of selector.split(',')) {
    const [field = '', ...rest] = term.split('=');
    if (field.trim() !== 'metadata.name') continue;
    const value = (rest.length === 2 && rest[0] === '' ? rest[1] : rest.length === 1 ? rest[0] : '')?.trim() ?? '';
    if (value !== '' && !value.includes('\\')) return value;
  }
  return undefined;
}

/** How upstream reads boolean query parameters: anything but `false` and `0` counts once the parameter is there with a value. */
export function isTrue(value: string | null): boolean {
  if (value === null) return false;
  return value !== 'false' && value !== '0' && value !== 'False' && value !== 'FALSE';
}
