/** etcd as the storage needs it: revisions, ranges, compare-and-write, leases, compaction and the raw watch stream. */

/** Numbers that etcd calls int64 stay below 2^53 here: revisions count single writes. */
export interface KeyValue {
  key: string;
  value: Buffer;
  modRevision: number;
}

export interface RangeRequest {
  /** First key. */
  start: string;
  /** The key behind the last one. */
  end: string;
  /** 0 or absent: all. */
  limit?: number;
  /** Absent: the newest state. */
  revision?: number;
}

export interface RangePage {
  kvs: KeyValue[];
  /** Keys in the range, also those beyond the limit. */
  count: number;
  /** etcd's revision when it answered. */
  revision: number;
}

/** A write that another writer forestalled gives the state that was found instead. */
export type WriteResult =
  | { succeeded: true; revision: number }
  | { succeeded: false; revision: number; current: KeyValue | undefined };

export interface KeyEvent {
  type: 'put' | 'delete';
  key: string;
  /** Empty for a deletion. */
  value: Buffer;
  revision: number;
}

/** One message of a watch stream. */
export interface WatchMessage {
  /** The watch is registered. */
  created: boolean;
  /** The watch is over; `compactRevision` is set when it asked for what is compacted. */
  canceled: boolean;
  cancelReason: string;
  compactRevision: number;
  /** More of the same answer follows in the next message. */
  fragment: boolean;
  /** Of the message's header; as a progress report (no events, not created) everything up to it was sent. */
  revision: number;
  events: KeyEvent[];
}

export interface WatchRequest {
  startRevision: number;
  onMessage(message: WatchMessage): void;
  /** Called once, also when the stream never came up. */
  onEnd(error: Error): void;
}

export interface WatchCall {
  /** Ends the stream; onEnd is not called any more. */
  cancel(): void;
}

export interface EtcdStatus {
  version: string;
  databaseBytes: number;
}

/** Failures are StatusErrors (503, 504, 500), CompactedError or FutureRevisionError. */
export interface EtcdClient {
  /** A linearizable read: every write that was acknowledged before the call is included. */
  currentRevision(): Promise<{ revision: number; clusterId: string }>;
  range(request: RangeRequest): Promise<RangePage>;
  /** Writes if the key's mod revision is `expectedRevision` (0: the key does not exist). */
  put(request: { key: string; value: Buffer; expectedRevision: number; lease?: string }): Promise<WriteResult>;
  delete(request: { key: string; expectedRevision: number }): Promise<WriteResult>;
  /** The new lease's id. */
  grantLease(ttlSeconds: number): Promise<string>;
  /** Writes if the key's version (its number of writes) is `expectedVersion`; gives the version after that and etcd's revision. */
  putAtVersion(request: {
    key: string;
    value: string;
    expectedVersion: number;
  }): Promise<{ succeeded: boolean; version: number; revision: number }>;
  compact(revision: number): Promise<void>;
  status(): Promise<EtcdStatus>;
  /** One watch over all keys. */
  watch(request: WatchRequest): Promise<WatchCall>;
  close(): void;
}

/** The end of the range of all keys that begin with `prefix`. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
