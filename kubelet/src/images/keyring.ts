/** Registry credentials from image pull secrets or the node's own files, matched to images as upstream's credential provider does. */
import type { Secret } from '@kubelab/api/types';
import type { AuthConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { parseImageName } from './image-name.js';
import { matchesPattern } from './registry-pattern.js';

export interface DockerAuth {
  username?: string;
  password?: string;
  /** Base64 of `username:password`; wins over the two. */
  auth?: string;
}

/** Docker Hub, in the configuration files of `docker login`. */
const defaultRegistry = 'index.docker.io';

export class Keyring {
  /** By registry and path, as in `reg.io/team`. */
  readonly #credentials = new Map<string, AuthConfigInput[]>();

  /** By server. Entries for what is no registry are left out. Throws an Error for credentials that cannot be read. */
  constructor(configs: readonly Readonly<Record<string, DockerAuth>>[]) {
    for (const config of configs) {
      for (const [server, auth] of Object.entries(config)) this.#add(server, decode(auth));
    }
  }

  /** Throws an Error when a secret does not hold what its type promises. */
  static ofSecrets(secrets: readonly Secret[]): Keyring {
    return new Keyring(secrets.map(authsOf));
  }

  #add(server: string, auth: AuthConfigInput): void {
    const key = keyOf(server);
    if (key === undefined) return;
    this.#credentials.set(key, [...(this.#credentials.get(key) ?? []), auth]);
  }

  /** Credentials to try for an image, those of longer paths first; Docker Hub's only when there are no others. */
  lookup(image: string): AuthConfigInput[] {
    const { registry, repository } = parseImageName(image);
    const name = `${registry}/${repository}`;
    const keys = [...this.#credentials.keys()].sort().reverse();
    const found = keys
      .filter((key) => matchesPattern(key, name))
      .flatMap((key) => this.#credentials.get(key) as AuthConfigInput[]);
    if (found.length > 0 || !isDefaultRegistry(registry)) return found;
    return this.#credentials.get(defaultRegistry) ?? [];
  }
}

function authsOf(secret: Secret): Record<string, DockerAuth> {
  if (secret.type === 'kubernetes.io/dockerconfigjson')
    return (parse(secret, '.dockerconfigjson') as { auths?: Record<string, DockerAuth> } | null)?.auths ?? {};
  if (secret.type === 'kubernetes.io/dockercfg')
    return (parse(secret, '.dockercfg') as Record<string, DockerAuth> | null) ?? {};
  return {};
}

function parse(secret: Secret, key: string): unknown {
  const data = secret.data?.[key] ?? '';
  if (data === '') return null;
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
  } catch (error) {
    throw new Error(`image pull secret "${secret.metadata.name}" cannot be read`, { cause: error });
  }
}

function decode({ username = '', password = '', auth = '' }: DockerAuth): AuthConfigInput {
  if (auth === '') return { username, password };
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error('unable to parse auth field, must be formatted as base64(username:password)');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Registry and path without scheme and API version; undefined for what is no URL. */
function keyOf(server: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/?#\s\\]+)(\/[^?#]*)?(?:[?#].*)?$/.exec(server);
  if (!match) return undefined;
  const [, host = '', rest = ''] = match;
  const path = /^\/v[12]\//.test(rest) ? rest.slice('/v1'.length) : rest;
  return path === '/' ? host : `${host}${path}`;
}

function isDefaultRegistry(registry: string): boolean {
  return registry === 'docker.io' || registry === defaultRegistry || !/[.:]/.test(registry);
}
