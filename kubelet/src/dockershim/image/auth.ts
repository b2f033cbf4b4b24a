/** Registry credentials as the engine takes them. */
import { CriError } from '@kubelab/proto/cri-error';
import type { AuthConfig } from '@kubelab/proto/generated/runtime-v1';

export interface EngineAuth {
  username?: string;
  password?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** Undefined for an anonymous pull. `auth` is base64 of `user:password` as in a Docker config file. */
export function engineAuth(auth: AuthConfig | null): EngineAuth | undefined {
  if (!auth) return undefined;
  const [username, password] = auth.auth ? decodePair(auth.auth) : [auth.username, auth.password];
  const credentials: EngineAuth = {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(auth.identityToken ? { identitytoken: auth.identityToken } : {}),
    ...(auth.registryToken ? { registrytoken: auth.registryToken } : {}),
  };
  if (Object.keys(credentials).length === 0) return undefined;
  return { ...credentials, ...(auth.serverAddress ? { serveraddress: auth.serverAddress } : {}) };
}

function decodePair(auth: string): [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw new CriError('INVALID_ARGUMENT', 'invalid auth: must be base64 of user:password');
  return [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')];
}
