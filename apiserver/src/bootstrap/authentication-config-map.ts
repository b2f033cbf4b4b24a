/** ConfigMap kube-system/extension-apiserver-authentication: how other servers may check the users that this one vouches for. */

import type { GroupResource } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess } from '../contracts.js';

const configMaps: GroupResource = { group: '', resource: 'configmaps' };
const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

export interface ClusterAuthenticationInfo {
  /** PEM of --client-ca-file. */
  clientCa?: string;
  /** What the --requestheader flags say, when there is a front proxy. */
  requestHeader?: {
    clientCa: string;
    allowedNames: readonly string[];
    userNameHeaders: readonly string[];
    uidHeaders: readonly string[];
    groupHeaders: readonly string[];
    extraHeaderPrefixes: readonly string[];
  };
}

/** Adds this server's data to what is there. */
export async function publishAuthentication(objects: ObjectAccess, info: ClusterAuthenticationInfo): Promise<void> {
  const wanted = dataOf(info);
  const current = await objects.get<{ data?: Record<string, string> }>(configMaps, namespace, name);
  if (!current) {
    try {
      await objects.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name },
        data: wanted,
      });
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
  await objects.update(configMaps, namespace, name, (stored) => {
    if (!stored) return undefined;
    const data = (stored['data'] ?? {}) as Record<string, string>;
    const merged = merge(data, wanted);
    if (Object.entries(merged).every(([key, value]) => data[key] === value)) return undefined;
    stored['data'] = merged;
    return stored;
  });
}

function dataOf(info: ClusterAuthenticationInfo): Record<string, string> {
  const { clientCa, requestHeader } = info;
  return {
    ...(clientCa ? { 'client-ca-file': clientCa } : {}),
    ...(requestHeader
      ? {
          'requestheader-client-ca-file': requestHeader.clientCa,
          'requestheader-allowed-names': JSON.stringify(requestHeader.allowedNames),
          'requestheader-username-headers': JSON.stringify(requestHeader.userNameHeaders),
          'requestheader-uid-headers': JSON.stringify(requestHeader.uidHeaders),
          'requestheader-group-headers': JSON.stringify(requestHeader.groupHeaders),
          'requestheader-extra-headers-prefix': JSON.stringify(requestHeader.extraHeaderPrefixes),
        }
      : {}),
  };
}

/** CA bundles of several servers are joined, so that none of them is locked out while certificates change. */
function merge(stored: Record<string, string>, wanted: Record<string, string>): Record<string, string> {
  const merged = { ...stored, ...wanted };
  for (const key of ['client-ca-file', 'requestheader-client-ca-file']) {
    const [old, own] = [stored[key], wanted[key]];
    if (old && own) merged[key] = joinBundles(old, own);
  }
  return merged;
}

function joinBundles(left: string, right: string): string {
  const blocks = `${left}\n${right}`.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return [...new Set(blocks)].map((block) => `${block}\n`).join('');
}
