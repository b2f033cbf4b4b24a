import type { Secret } from '@kubelab/api/types';
import type { AuthConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { parseImageName } from './image-name.js';

interface DockerAuth {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
}

interface KeyringEntry {
  host: string;
  path: string;
  auth: AuthConfigInput;
}

/** Registry credentials from image pull secrets. */
export class Keyring {
  readonly #entries: KeyringEntry[] = [];

  /** Throws an Error when a secret does not hold what its type promises. */
  constructor(secrets: readonly Secret[]) {
    for (const secret of secrets) {
      for (const [server, auth] of Object.entries(authsOf(secret))) this.#entries.push(entryOf(server, auth));
    }
    // The longest path is the most specific one.
    this.#entries.sort((a, b) => b.path.length - a.path.length);
  }

  /** Credentials to try for an image, the most specific first. */
  lookup(image: string): AuthConfigInput[] {
    const { registry, repository } = parseImageName(image);
    return this.#entries
      .filter((entry) => hostMatches(entry.host, registry) && pathMatches(entry.path, repository))
      .map((entry) => entry.auth);
  }
}

function authsOf(secret: Secret): Record<string, DockerAuth> {
  const wrong = (why: unknown): Error =>
    new Error(`image pull secret "${secret.metadata.name}" cannot be read`, { cause: why });
  const decode = (key: string): unknown => {
    try {
      return JSON.parse(Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8'));
    } catch (error) {
      throw wrong(error);
    }
  };
  if (secret.type === 'kubernetes.io/dockerconfigjson') {
    return (decode('.dockerconfigjson') as { auths?: Record<string, DockerAuth> } | null)?.auths ?? {};
  }
  if (secret.type === 'kubernetes.io/dockercfg')
    return (decode('.dockercfg') as Record<string, DockerAuth> | null) ?? {};
  return {};
}

function entryOf(server: string, auth: DockerAuth): KeyringEntry {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? '' : bare.slice(slash + 1);
  const [username = '', ...password] = auth.auth ? Buffer.from(auth.auth, 'base64').toString('utf8').split(':') : [];
  return {
    host,
    // Docker Hub's key ends in an API version, which is no part of an image's path.
    path: /^v\d+$/.test(path) ? '' : path,
    auth: {
      username: auth.username ?? username,
      password: auth.password ?? password.join(':').replace(/\0+$/, ''),
      ...(auth.identitytoken ? { identityToken: auth.identitytoken } : {}),
    },
  };
}

const hubNames = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

function hostMatches(pattern: string, registry: string): boolean {
  if (hubNames.includes(pattern) && hubNames.includes(registry)) return true;
  const [patternName = '', patternPort] = pattern.split(':');
  const [name = '', port] = registry.split(':');
  if (patternPort !== port) return false;
  const patternParts = patternName.split('.');
  const parts = name.split('.');
  if (patternParts.length !== parts.length) return false;
  return patternParts.every((part, index) => matchesPart(part, parts[index] as string));
}

function matchesPart(pattern: string, text: string): boolean {
  const source = pattern
    .split('*')
    .map((piece) => piece.replace(/[^\w-]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(text);
}

function pathMatches(prefix: string, repository: string): boolean {
  return prefix === '' || repository === prefix || repository.startsWith(`${prefix}/`);
}
