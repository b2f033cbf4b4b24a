import { formatGroupResource, type GroupResource } from './meta.js';

/** meta/v1 Status: what the API answers when something did not go as asked (and to some deletes). */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { resourceVersion?: string; continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusErrorInit {
  code: number;
  reason: string;
  message: string;
  details?: StatusDetails;
  /** A list whose continue token expired offers the token of an inconsistent continuation here. */
  metadata?: Status['metadata'];
  cause?: unknown;
}

/**
 * An error that has a place in Kubernetes' API: thrown by server code, mapped to the wire once, and thrown again by the client that
 * received it. Reasons and messages follow upstream's k8s.io/apimachinery/pkg/api/errors.
 */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly metadata: Status['metadata'];

  constructor(init: StatusErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'StatusError';
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
    this.metadata = init.metadata ?? {};
  }

  static fromStatus(status: Partial<Status>, httpCode: number): StatusError {
    const code = status.code ?? httpCode;
    return new StatusError({
      code,
      reason: status.reason ?? '',
      message: status.message ?? `the server responded with the status code ${code}`,
      ...(status.details ? { details: status.details } : {}),
      ...(status.metadata ? { metadata: status.metadata } : {}),
    });
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

export function isStatusError(error: unknown, reason?: string): error is StatusError {
  return error instanceof StatusError && (reason === undefined || error.reason === reason);
}

export const isNotFound = (error: unknown): boolean => isStatusError(error, 'NotFound');
export const isAlreadyExists = (error: unknown): boolean => isStatusError(error, 'AlreadyExists');
export const isConflict = (error: unknown): boolean => isStatusError(error, 'Conflict');
/** The requested resourceVersion was compacted away: list again. */
export const isGone = (error: unknown): boolean => error instanceof StatusError && error.code === 410;

function detailsOf(resource: GroupResource, name: string): StatusDetails {
  return {
    ...(name ? { name } : {}),
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.resource,
  };
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${formatGroupResource(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${formatGroupResource(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${formatGroupResource(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  });
}

/** The message clients know to mean "read again and retry". */
export const staleObjectMessage =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const what = name ? `${formatGroupResource(resource)} "${name}"` : formatGroupResource(resource);
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${what} is forbidden: ${why}`,
    details: detailsOf(resource, name),
  });
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function methodNotSupported(resource: GroupResource, action: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${action} is not supported on resources of kind "${formatGroupResource(resource)}"`,
    details: detailsOf(resource, ''),
  });
}

export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function notAcceptable(message: string): StatusError {
  return new StatusError({ code: 406, reason: 'NotAcceptable', message });
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

export function requestEntityTooLarge(message: string): StatusError {
  return new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message });
}

export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({ code: 429, reason: 'TooManyRequests', message, details: { retryAfterSeconds } });
}

export function serviceUnavailable(message: string, cause?: unknown): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message, cause });
}

export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message,
    ...(retryAfterSeconds ? { details: { retryAfterSeconds } } : {}),
  });
}

export function internalError(cause: unknown): StatusError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${text}`,
    details: { causes: [{ message: text }] },
    cause,
  });
}

/** How upstream answers with an error that has no reason of its own: the message is all there is. */
export function unclassifiedError(message: string, cause?: unknown): StatusError {
  return new StatusError({ code: 500, reason: '', message, cause });
}
