/** The server that a kubeconfig names. */

import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';

export interface Target {
  host: string;
  port: number;
  serverName: string | undefined;
  authorization: string | undefined;
  secureContext: SecureContext;
  verify: boolean;
}

/** Throws KubeconfigError. */
export function targetOf(kubeconfig: string): Target {
  const config = loadKubeconfig(kubeconfig);
  const url = new URL(config.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const token = typeof config.token === 'function' ? config.token() : config.token;
  return {
    host,
    port: Number(url.port || 443),
    serverName: config.serverName ?? (isIP(host) ? undefined : host),
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    secureContext: createSecureContext({
      ...(config.ca === undefined ? {} : { ca: config.ca }),
      ...(config.cert === undefined ? {} : { cert: config.cert }),
      ...(config.key === undefined ? {} : { key: config.key }),
    }),
    verify: config.insecureSkipTlsVerify !== true,
  };
}
