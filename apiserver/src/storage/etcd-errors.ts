/** What etcd and gRPC report, told apart by what a caller can do about it, and mapped to StatusErrors. */

import { StatusError, serviceUnavailable, timeout } from '@kubelab/apimachinery/status-error';

/** The revision asked for was compacted away. */
export class CompactedError extends Error {
  readonly compactRevision: number;
  constructor(compactRevision: number) {
    super('etcdserver: mvcc: required revision has been compacted');
    this.name = 'CompactedError';
    this.compactRevision = compactRevision;
  }
}

/** The revision asked for does not exist yet. */
export class FutureRevisionError extends Error {
  constructor() {
    super('etcdserver: mvcc: required revision is a future revision');
    this.name = 'FutureRevisionError';
  }
}

interface GrpcFailure {
  /** gRPC status code; -1 when the error did not come from gRPC. */
  code: number;
  details: string;
}

const grpcMessage = /^(\d+) [A-Z_]+: (.*)$/s;
const deadlineExceeded = 4;
const unavailable = 14;
const cancelled = 1;
/**
 * Refusals before the request reached etcd's log. The first comes from a member that knows no leader or is handing its leadership on, as gRPC's "unknown";
 * the second from one whose log is far ahead of its state.
 */
const refusals: readonly string[] = ['raft proposal dropped', 'etcdserver: too many requests'];

function readFailure(error: unknown): GrpcFailure {
  const message = error instanceof Error ? error.message : String(error);
  const match = grpcMessage.exec(message);
  return match ? { code: Number(match[1]), details: match[2] ?? '' } : { code: -1, details: message };
}

/** Whether the failure may pass by itself: the server is away, without a leader, or slow. */
export function isTransient(error: unknown): boolean {
  const { code, details } = readFailure(error);
  const passing = code === unavailable || code === cancelled || details.startsWith('etcdserver: not capable');
  return passing || refusals.includes(details) || details === 'context canceled';
}

/** Whether etcd did not answer, or could not agree, in time. */
export function isTimeout(error: unknown): boolean {
  const { code, details } = readFailure(error);
  // The last is gRPC's "unknown": a member without a leader passes on what its own clock said, and what became of the request is open.
  return code === deadlineExceeded || details.includes('request timed out') || details === 'context deadline exceeded';
}

/** Whether the request certainly had no effect and will have none, so that even a write may be sent again. */
export function hadNoEffect(error: unknown): boolean {
  const { code, details } = readFailure(error);
  if (refusals.includes(details)) return true;
  if (code !== unavailable && code !== cancelled) return false;
  return (
    details.startsWith('No connection established') ||
    details.startsWith('Name resolution failed') ||
    details.startsWith('Channel closed before call started') ||
    details.startsWith('Channel has been shut down')
  );
}

/** gRPC statuses of requests that etcd has read and turned down: invalid, out of quota, out of range and the like. */
const turnedDown: ReadonlySet<number> = new Set([3, 5, 7, 8, 9, 11, 16]);

/** Whether a write that failed with this error (of {@link mapEtcdError}) may have been carried out all the same. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof StatusError)) return true;
  if (error.code < 500) return false;
  return !hadNoEffect(error.cause) && !turnedDown.has(readFailure(error.cause).code);
}

/** The error a caller of the storage gets: CompactedError and FutureRevisionError, which have meaning inside, or a StatusError. */
export function mapEtcdError(error: unknown): Error {
  if (error instanceof StatusError || error instanceof CompactedError) return error;
  const { details } = readFailure(error);
  if (details.includes('required revision has been compacted')) return new CompactedError(0);
  if (details.includes('required revision is a future revision')) return new FutureRevisionError();
  if (isTimeout(error)) return timeout(`storage did not answer in time: ${details}`);
  if (isTransient(error)) return serviceUnavailable(`storage is not available: ${details}`, error);
  // Upstream passes etcd's own refusals (request too large, database space exceeded) on as they are.
  return new StatusError({ code: 500, reason: '', message: details, cause: error });
}
