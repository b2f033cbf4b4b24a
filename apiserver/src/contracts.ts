/** What the parts of the apiserver know of each other; wire.ts connects them. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ResourceDefinition } from '@kubelab/api/resource';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';

export interface UserInfo {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** Turns a request's credentials into a user. */
export interface Authenticator {
  /** Undefined: no credentials of this kind. Throws StatusError 401 for credentials that are wrong. */
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined>;
}

/** What is asked of an authorizer: upstream's authorizer.Attributes. */
export interface AuthorizationAttributes {
  user: UserInfo;
  verb: string;
  /** False for paths such as /healthz: then only `path` counts. */
  resourceRequest: boolean;
  apiGroup?: string;
  apiVersion?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  path: string;
  /**
   * The raw ?fieldSelector= of a list, watch or deletecollection. Nodes may list pods only with `spec.nodeName=` themselves, so who leaves
   * it out denies kubelets their pods.
   */
  fieldSelector?: string;
}

export interface AuthorizationDecision {
  allowed: boolean;
  /** Why, for the audit and for SubjectAccessReview. */
  reason: string;
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Promise<AuthorizationDecision> | AuthorizationDecision;
}

export interface RuleResolver {
  /** For SelfSubjectRulesReview. */
  rulesFor(
    user: UserInfo,
    namespace: string,
  ): {
    resourceRules: { verbs: string[]; apiGroups: string[]; resources: string[]; resourceNames?: string[] }[];
    nonResourceRules: { verbs: string[]; nonResourceURLs: string[] }[];
  };
}

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  definition: ResourceDefinition;
  /** Empty for the main resource. */
  subresource: string;
  namespace: string | undefined;
  /** Empty while generateName has not been resolved. */
  name: string;
  /** The new object, already defaulted; mutating plugins change it in place. Absent for DELETE. */
  object?: UnstructuredObject;
  oldObject?: UnstructuredObject;
  user: UserInfo;
  dryRun: boolean;
  /** Adds a Warning header to the response. */
  warn(message: string): void;
}

export interface AdmissionPlugin {
  readonly name: string;
  /** May change request.object; throws StatusError to refuse. Runs before validation. */
  admit?(request: AdmissionRequest): Promise<void> | void;
  /** Runs after validation of the object; throws StatusError to refuse. */
  validate?(request: AdmissionRequest): Promise<void> | void;
}

/** In-process access to stored objects for authentication, authorization, admission and hooks. No authorization is applied. */
export interface ObjectAccess {
  /** From this server's cache, at once, possibly a little old. Objects must not be changed. */
  peek<T = UnstructuredObject>(resource: GroupResource, namespace: string | undefined, name: string): T | undefined;
  peekAll<T = UnstructuredObject>(resource: GroupResource, namespace?: string): T[];
  /** Consistent. */
  get<T = UnstructuredObject>(
    resource: GroupResource,
    namespace: string | undefined,
    name: string,
  ): Promise<T | undefined>;
  /** Through defaulting and validation, without admission. Fails with AlreadyExists. */
  create(resource: GroupResource, object: Record<string, unknown>): Promise<UnstructuredObject>;
  /** Guaranteed update; `change` gets a private copy (undefined when missing) and returns what to write, or undefined to leave it. */
  update(
    resource: GroupResource,
    namespace: string | undefined,
    name: string,
    change: (current: UnstructuredObject | undefined) => UnstructuredObject | undefined,
  ): Promise<UnstructuredObject | undefined>;
  onChange(
    resource: GroupResource,
    listener: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: UnstructuredObject) => void,
  ): () => void;
}

/** A request after authentication and parsing of its path: upstream's RequestInfo. */
export interface RequestInfo {
  resourceRequest: boolean;
  /** API verb in lower case: get, list, watch, create, update, patch, delete, deletecollection, proxy; or the HTTP method for other paths. */
  verb: string;
  path: string;
  apiGroup: string;
  apiVersion: string;
  namespace?: string;
  resource: string;
  subresource: string;
  name: string;
  /** What follows the subresource (proxy paths), without leading slash. */
  rest: string;
}

export interface RequestContext {
  info: RequestInfo;
  user: UserInfo;
  query: URLSearchParams;
  /** Adds a Warning header (code 299). */
  warn(message: string): void;
}

/**
 * A subresource that takes over the connection: log, exec, attach, portforward, proxy. `handle` serves ordinary requests, `upgrade` those
 * with an Upgrade header. Both run after authorization; thrown StatusErrors become the answer.
 */
export interface ConnectHandler {
  handle(context: RequestContext, request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade?(context: RequestContext, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/**
 * A subresource with its own JSON in and out (binding, eviction, token, scale, approval...), or a kind that is never stored
 * (SubjectAccessReview, TokenReview). Gets the decoded and schema-checked body, returns the object to answer with.
 */
export interface ActionHandler {
  create(
    context: RequestContext,
    body: UnstructuredObject,
    options: { dryRun: boolean },
  ): Promise<{ code: number; object: Record<string, unknown> }>;
}

/**
 * Takes back what a hook did before a write that failed. `unsure`: etcd did not say what became of the write, so that what the object would hold then
 * must stay taken.
 */
export type UndoHook = (failure: { unsure: boolean }) => Promise<void>;

/**
 * Work around a write that needs state outside the object (service IPs and node ports). Runs after admission and validation, before the
 * object is stored.
 */
export interface StorageHook {
  readonly resource: GroupResource;
  beforeCreate?(object: UnstructuredObject, options: { dryRun: boolean }): Promise<UndoHook>;
  beforeUpdate?(object: UnstructuredObject, old: UnstructuredObject, options: { dryRun: boolean }): Promise<UndoHook>;
  afterDelete?(object: UnstructuredObject): Promise<void>;
}
