/** The server that a kubeconfig names. */

import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ClientConfig } from '@kubelab/client/config';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { UsageError } from '../command-line.js';

export interface Target {
  host: string;
  port: number;
  serverName: string | undefined;
  authorization: string | undefined;
  secureContext: SecureContext;
  verify: boolean;
  /** How long a connection may take to be made. */
  connectTimeoutMs: number;
}

const connectTimeoutMs = 10_000;

/** `context` is the kubeconfig's current one where it is absent. Throws KubeconfigError for what the file says, UsageError for what it cannot be used for. */
export function targetOf(kubeconfig: string, context?: string): Target {
  const config = loadKubeconfig(kubeconfig, context);
  const url = serverUrl(kubeconfig, config.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const token = typeof config.token === 'function' ? config.token() : config.token;
  return {
    host,
    port: Number(url.port || 443),
    serverName: config.serverName ?? (isIP(host) ? undefined : host),
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    secureContext: secureContextOf(kubeconfig, config),
    verify: config.insecureSkipTlsVerify !== true,
    connectTimeoutMs,
  };
}

function serverUrl(kubeconfig: string, server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === 'https:' && url.pathname === '/') return url;
  throw new UsageError(`${kubeconfig} names the server ${server}: only https://host:port can be measured`);
}

function secureContextOf(kubeconfig: string, { ca, cert, key }: ClientConfig): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${kubeconfig} holds certificates or a key that cannot be used: ${why}`, { cause: error });
  }
}
