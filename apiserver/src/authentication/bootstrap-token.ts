/** Users by bootstrap token: how a node that knows only `ID.SECRET` asks for its first certificate. */

import { timingSafeEqual } from 'node:crypto';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import type { Clock } from '@kubelab/component/clock';
import type { ObjectAccess, UserInfo } from '../contracts.js';
import { forApiOnly, type TokenAuthenticator } from './token-authenticator.js';

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const secretType = 'bootstrap.kubernetes.io/token';
const secretsResource = { group: '', resource: 'secrets' };

export interface BootstrapTokenOptions {
  objects: ObjectAccess;
  clock: Clock;
  apiAudiences: readonly string[];
}

interface SecretLike extends Pick<KubeObject, 'metadata'> {
  type?: string;
  data?: Record<string, string>;
}

/** Any token that is not usable is unknown rather than wrong, as upstream: nothing tells why. */
export function createBootstrapTokenAuthenticator(options: BootstrapTokenOptions): TokenAuthenticator {
  return forApiOnly(options.apiAudiences, (token) => identify(token, options));
}

async function identify(token: string, options: BootstrapTokenOptions): Promise<UserInfo | undefined> {
  const [, id, secretPart] = tokenPattern.exec(token) ?? [];
  if (id === undefined || secretPart === undefined) return undefined;
  const name = `bootstrap-token-${id}`;
  const { objects } = options;
  const secret =
    objects.peek<SecretLike>(secretsResource, 'kube-system', name) ??
    (await objects.get<SecretLike>(secretsResource, 'kube-system', name));
  if (!secret || !isUsable(secret, { id, secretPart, now: options.clock.now() })) return undefined;
  const groups = extraGroups(secret);
  return groups && { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...groups] };
}

function field(secret: SecretLike, name: string): string {
  return Buffer.from(secret.data?.[name] ?? '', 'base64').toString('utf8');
}

function isUsable(secret: SecretLike, token: { id: string; secretPart: string; now: number }): boolean {
  if (secret.metadata.deletionTimestamp !== undefined || secret.type !== secretType) return false;
  const stored = Buffer.from(field(secret, 'token-secret'));
  const given = Buffer.from(token.secretPart);
  if (stored.length !== given.length || !timingSafeEqual(stored, given)) return false;
  if (field(secret, 'token-id') !== token.id) return false;
  if (isExpired(field(secret, 'expiration'), token.now)) return false;
  return field(secret, 'usage-bootstrap-authentication') === 'true';
}

function isExpired(expiration: string, now: number): boolean {
  if (expiration === '') return false;
  const at = Date.parse(expiration);
  // A time that cannot be read must not make a token eternal.
  return Number.isNaN(at) || at <= now;
}

/** Undefined when a group is not one that bootstrap tokens may give. */
function extraGroups(secret: SecretLike): string[] | undefined {
  const text = field(secret, 'auth-extra-groups');
  if (text === '') return [];
  const groups = [...new Set(text.split(',').map((group) => group.trim()))].sort();
  return groups.every((group) => groupPattern.test(group)) ? groups : undefined;
}
