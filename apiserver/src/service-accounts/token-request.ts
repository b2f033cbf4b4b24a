/** POST serviceaccounts/NAME/token: a token for a service account, bound to an audience, a time and possibly an object. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import { type FieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { ObjectMeta, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, conflict, notFound } from '@kubelab/apimachinery/status-error';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { ActionHandler, AdmissionPlugin, AdmissionRequest, ObjectAccess, RequestContext } from '../contracts.js';
import type { ObjectClaim, PrivateClaims } from './claims.js';
import type { TokenIssuer } from './issuer.js';

const tokenRequestKind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const defaultExpirationSeconds = 3600;
const minExpirationSeconds = 600;
const maxExpirationSeconds = 2 ** 32;
/** What the ServiceAccount admission plugin asks for: such tokens are extended, so that clients which never read the file again go on working. */
const injectedTokenSeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;

export interface TokenRequestOptions {
  objects: ObjectAccess;
  issuer: TokenIssuer;
  /** --api-audiences: what a request without audiences gets. */
  apiAudiences: readonly string[];
  /** --service-account-max-token-expiration; 0 is no limit. */
  maxExpirationSeconds?: number;
  /** --service-account-extend-token-expiration, on by default. */
  extendExpiration?: boolean;
  clock: Clock;
  admission: readonly AdmissionPlugin[];
  /** Of serviceaccounts, for admission. */
  definition: ResourceDefinition;
}

interface BoundObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  uid?: string;
}

interface TokenRequestSpec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: BoundObjectReference | null;
}

interface Bound {
  pod?: ObjectClaim;
  secret?: ObjectClaim;
  node?: ObjectClaim;
}

interface PodLike {
  metadata: ObjectMeta;
  spec?: { serviceAccountName?: string; nodeName?: string };
}

export function createTokenRequestHandler(options: TokenRequestOptions): ActionHandler {
  return {
    async create(context, body, { dryRun }) {
      await admit(options, context, body, dryRun);
      const namespace = context.info.namespace ?? '';
      const spec = (body['spec'] ?? {}) as TokenRequestSpec;
      const requested = spec.expirationSeconds ?? defaultExpirationSeconds;
      matchAccount(context, body);
      const account = await findAccount(options.objects, namespace, context.info.name);
      validate(requested);
      const bound = await resolveBoundObject(options.objects, namespace, account.metadata.name, spec.boundObjectRef);
      const audiences = spec.audiences?.length ? spec.audiences : [...options.apiAudiences];
      const limited = limitExpiration(context, options, requested);
      const claims: PrivateClaims = {
        namespace,
        serviceaccount: { name: account.metadata.name, uid: account.metadata.uid },
        ...bound,
      };
      const status = await issue(options, { claims, audiences, expirationSeconds: limited });
      const answered = { ...spec, audiences, expirationSeconds: limited };
      return { code: 201, object: answer(body, account, timestamp(options.clock), answered, status) };
    },
  };
}

/** NodeRestriction has its say here: a kubelet gets tokens only for its own pods. */
async function admit(
  { admission, definition }: TokenRequestOptions,
  context: RequestContext,
  body: UnstructuredObject,
  dryRun: boolean,
): Promise<void> {
  const request: AdmissionRequest = {
    operation: 'CREATE',
    definition,
    subresource: 'token',
    namespace: context.info.namespace,
    name: context.info.name,
    object: body,
    user: context.user,
    dryRun,
    warn: (message) => context.warn(message),
  };
  for (const plugin of admission) await plugin.admit?.(request);
  for (const plugin of admission) await plugin.validate?.(request);
}

async function findAccount(objects: ObjectAccess, namespace: string, name: string): Promise<UnstructuredObject> {
  const resource = { group: '', resource: 'serviceaccounts' };
  const account = objects.peek(resource, namespace, name) ?? (await objects.get(resource, namespace, name));
  if (!account) throw notFound(resource, name);
  return account;
}

/** What the body says about the account must be what the path says. */
function matchAccount({ info }: RequestContext, { metadata }: UnstructuredObject): void {
  const problem =
    metadata.name && metadata.name !== info.name
      ? invalid('metadata.name', metadata.name, 'must match the service account name if specified')
      : metadata.namespace && metadata.namespace !== info.namespace
        ? invalid('metadata.namespace', metadata.namespace, 'must match the service account namespace if specified')
        : undefined;
  if (problem) throw invalidObject(tokenRequestKind, info.name, [problem]);
}

function validate(seconds: number): void {
  const errors: FieldError[] = [];
  const field = 'spec.expirationSeconds';
  if (seconds < minExpirationSeconds) {
    errors.push(invalid(field, seconds, 'may not specify a duration less than 10 minutes'));
  }
  if (seconds > maxExpirationSeconds) {
    errors.push(invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  if (errors.length > 0) throw invalidObject(tokenRequestKind, '', errors);
}

async function resolveBoundObject(
  objects: ObjectAccess,
  namespace: string,
  account: string,
  reference: BoundObjectReference | null | undefined,
): Promise<Bound> {
  if (!reference) return {};
  const { apiVersion = '', kind = '', name = '' } = reference;
  if (apiVersion !== 'v1' || !['Pod', 'Secret', 'Node'].includes(kind)) {
    throw badRequest(`cannot bind token to object of type ${describeKind(apiVersion, kind)}`);
  }
  const resource = { group: '', resource: `${kind.toLowerCase()}s` };
  const object = await objects.get<PodLike>(resource, kind === 'Node' ? undefined : namespace, name);
  if (!object) throw notFound(resource, name);
  const claim = { name: object.metadata.name, uid: object.metadata.uid };
  if (reference.uid && reference.uid !== claim.uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: kind }, name, why);
  }
  if (kind === 'Secret') return { secret: claim };
  if (kind === 'Node') return { node: claim };
  return { pod: claim, ...boundNode(objects, object, account) };
}

/** A token for a pod also names the pod's node. */
function boundNode(objects: ObjectAccess, pod: PodLike, account: string): Bound {
  const podAccount = pod.spec?.serviceAccountName ?? '';
  if (podAccount !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
    );
  }
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) return {};
  const node = objects.peek({ group: '', resource: 'nodes' }, undefined, nodeName);
  return { node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
}

function describeKind(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return `${group}/${slash < 0 ? apiVersion : apiVersion.slice(slash + 1)}, Kind=${kind}`;
}

function limitExpiration(context: RequestContext, options: TokenRequestOptions, seconds: number): number {
  const limit = options.maxExpirationSeconds ?? 0;
  if (limit === 0 || seconds <= limit) return seconds;
  context.warn(`requested expiration of ${seconds} seconds shortened to ${limit} seconds`);
  return limit;
}

async function issue(
  options: TokenRequestOptions,
  spec: { claims: PrivateClaims; audiences: string[]; expirationSeconds: number },
): Promise<{ token: string; expirationTimestamp: string }> {
  const { expirationSeconds, audiences } = spec;
  const extend =
    options.extendExpiration !== false &&
    expirationSeconds === injectedTokenSeconds &&
    spec.claims.pod !== undefined &&
    audiences.every((audience) => options.apiAudiences.includes(audience));
  const now = Math.floor(options.clock.now() / 1000);
  const issued = await options.issuer.issue({
    audiences,
    expirationSeconds: extend ? extendedSeconds : expirationSeconds,
    claims: extend ? { ...spec.claims, warnafter: now + expirationSeconds } : spec.claims,
  });
  // The status tells the short time even of an extended token, so that kubelets renew the file early.
  const expiresAt = extend ? (now + expirationSeconds) * 1000 : issued.expiresAt;
  return { token: issued.token, expirationTimestamp: `${new Date(expiresAt).toISOString().slice(0, 19)}Z` };
}

function answer(
  body: UnstructuredObject,
  account: UnstructuredObject,
  creationTimestamp: string,
  spec: TokenRequestSpec,
  status: { token: string; expirationTimestamp: string },
): Record<string, unknown> {
  const { name, namespace } = account.metadata;
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { ...body.metadata, name, ...(namespace ? { namespace } : {}), creationTimestamp },
    spec: { boundObjectRef: null, ...spec },
    status,
  };
}
