/** Impersonate-* headers: a user acts as another, when authorization lets them. */

import type { IncomingMessage } from 'node:http';
import { internalError } from '@kubelab/apimachinery/status-error';
import { forbiddenByAuthorization } from '../authorization/forbidden.js';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../contracts.js';
import { decodeExtraKey, dropHeader, headerNamesWithPrefix, headerValue, headerValues } from './request-headers.js';
import {
  anonymousUserName,
  authenticatedGroup,
  parseServiceAccountUserName,
  serviceAccountGroups,
  unauthenticatedGroup,
} from './users.js';

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

interface Wanted {
  name: string;
  groups: string[];
  uid: string | undefined;
  extra: Map<string, string[]>;
}

export interface ImpersonationOptions {
  authorizer: Authorizer;
  /** Path of the request, for the authorizer's log. */
  path: string;
}

/**
 * The user that the request shall be served as: `user` itself without Impersonate headers. Throws 403 when not all of it is allowed. The
 * headers are taken away, so that they do not reach what is behind a proxy path.
 */
export async function impersonate(
  request: IncomingMessage,
  user: UserInfo,
  options: ImpersonationOptions,
): Promise<UserInfo> {
  const wanted = readHeaders(request);
  if (!wanted) return user;
  for (const check of checksFor(wanted)) {
    const attributes: AuthorizationAttributes = {
      user,
      verb: 'impersonate',
      resourceRequest: true,
      apiVersion: 'v1',
      path: options.path,
      ...check,
    };
    const decision = await options.authorizer.authorize(attributes);
    if (!decision.allowed) throw forbiddenByAuthorization(attributes, decision.reason);
  }
  for (const name of [userHeader, groupHeader, uidHeader]) dropHeader(request, name);
  for (const name of headerNamesWithPrefix(request, extraPrefix)) dropHeader(request, name);
  return actingUser(wanted);
}

function readHeaders(request: IncomingMessage): Wanted | undefined {
  const name = headerValue(request, userHeader) ?? '';
  const groups = headerValues(request, groupHeader);
  const uid = headerValue(request, uidHeader) || undefined;
  const extra = new Map<string, string[]>();
  for (const header of headerNamesWithPrefix(request, extraPrefix)) {
    const key = decodeExtraKey(header.slice(extraPrefix.length));
    extra.set(key, [...(extra.get(key) ?? []), ...headerValues(request, header)]);
  }
  const hasMore = groups.length > 0 || uid !== undefined || extra.size > 0;
  if (name === '' && hasMore) {
    throw internalError(
      new Error('requested to impersonate groups, a uid or extra fields without impersonating a user'),
    );
  }
  return name === '' ? undefined : { name, groups, uid, extra };
}

type Check = Pick<AuthorizationAttributes, 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name'>;

function checksFor(wanted: Wanted): Check[] {
  const account = parseServiceAccountUserName(wanted.name);
  const checks: Check[] = [
    account
      ? { apiGroup: '', resource: 'serviceaccounts', namespace: account.namespace, name: account.name }
      : { apiGroup: '', resource: 'users', name: wanted.name },
  ];
  for (const group of wanted.groups) checks.push({ apiGroup: '', resource: 'groups', name: group });
  for (const [key, values] of wanted.extra) {
    for (const value of values) {
      checks.push({ apiGroup: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value });
    }
  }
  if (wanted.uid) checks.push({ apiGroup: 'authentication.k8s.io', resource: 'uids', name: wanted.uid });
  return checks;
}

function actingUser(wanted: Wanted): UserInfo {
  const account = parseServiceAccountUserName(wanted.name);
  const groups = wanted.groups.length === 0 && account ? serviceAccountGroups(account.namespace) : [...wanted.groups];
  if (wanted.name === anonymousUserName) {
    if (!groups.includes(unauthenticatedGroup)) groups.push(unauthenticatedGroup);
  } else if (!groups.includes(authenticatedGroup) && !groups.includes(unauthenticatedGroup)) {
    groups.push(authenticatedGroup);
  }
  return {
    name: wanted.name,
    groups,
    ...(wanted.uid ? { uid: wanted.uid } : {}),
    ...(wanted.extra.size > 0 ? { extra: Object.fromEntries(wanted.extra) } : {}),
  };
}
