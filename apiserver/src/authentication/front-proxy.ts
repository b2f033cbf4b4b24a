/** Users named by a trusted proxy in front of the server, in request headers. */

import type { IncomingMessage } from 'node:http';
import type { Clock } from '@kubelab/component/clock';
import type { Authenticator, UserInfo } from '../contracts.js';
import type { CertificateAuthorities } from './certificate-chain.js';
import { PeerVerifier, subjectOf } from './client-certificate.js';
import { decodeExtraKey, dropHeader, headerNamesWithPrefix, headerValue, headerValues } from './request-headers.js';

export interface FrontProxyOptions {
  /** From --requestheader-client-ca-file. */
  authorities: CertificateAuthorities;
  /** --requestheader-allowed-names: common names of proxies; empty allows every certificate of the CA. */
  allowedNames: readonly string[];
  /** --requestheader-username-headers, usually X-Remote-User. */
  userNameHeaders: readonly string[];
  /** --requestheader-uid-headers, usually X-Remote-Uid. */
  uidHeaders: readonly string[];
  /** --requestheader-group-headers, usually X-Remote-Group. */
  groupHeaders: readonly string[];
  /** --requestheader-extra-headers-prefix, usually X-Remote-Extra-. */
  extraHeaderPrefixes: readonly string[];
  clock: Clock;
}

export function createFrontProxyAuthenticator(options: FrontProxyOptions): Authenticator {
  const verifier = new PeerVerifier(options.authorities, options.clock);
  const headers = lowerCased(options);
  return {
    async authenticate(request) {
      const peer = verifier.verify(request);
      if (!peer) return undefined;
      const { commonName } = subjectOf(peer.leaf);
      if (options.allowedNames.length > 0 && !options.allowedNames.includes(commonName)) {
        throw new Error(`x509: subject with cn=${commonName} is not in the allowed list`);
      }
      return readUser(request, headers);
    },
  };
}

interface HeaderNames {
  user: string[];
  uid: string[];
  group: string[];
  extraPrefixes: string[];
}

function lowerCased(options: FrontProxyOptions): HeaderNames {
  const lower = (names: readonly string[]): string[] => names.map((name) => name.trim().toLowerCase());
  return {
    user: lower(options.userNameHeaders),
    uid: lower(options.uidHeaders),
    group: lower(options.groupHeaders),
    extraPrefixes: lower(options.extraHeaderPrefixes),
  };
}

function readUser(request: IncomingMessage, names: HeaderNames): UserInfo | undefined {
  const first = (headers: string[]): string | undefined =>
    headers.map((name) => headerValue(request, name)).find((value) => value !== undefined && value !== '');
  const name = first(names.user);
  if (!name) return undefined;
  const uid = first(names.uid);
  const groups = names.group.flatMap((header) => headerValues(request, header));
  // A map, because a header may be called X-Remote-Extra-__proto__.
  const extra = new Map<string, string[]>();
  for (const prefix of names.extraPrefixes) {
    for (const header of headerNamesWithPrefix(request, prefix)) {
      const key = decodeExtraKey(header.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...headerValues(request, header)]);
      dropHeader(request, header);
    }
  }
  for (const header of [...names.user, ...names.uid, ...names.group]) dropHeader(request, header);
  return {
    name,
    ...(uid ? { uid } : {}),
    groups,
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
  };
}
