/** {@link EtcdClient} on the etcd3 package: its connections, TLS and stubs, without its watcher, retries and circuit breaker. */

import { type CallOptions, InterceptingCall, type Interceptor, type Metadata } from '@grpc/grpc-js';
import { type Clock, systemClock } from '@kubelab/component/clock';
import type { Etcd3, IKeyValue, IRequestOp, IResponseOp, IWatchResponse } from 'etcd3';
import type {
  EtcdClient,
  EtcdStatus,
  KeyEvent,
  KeyValue,
  RangePage,
  RangeRequest,
  WatchCall,
  WatchMessage,
  WatchRequest,
  WriteResult,
} from './etcd-client.js';
import { type EtcdEndpointOptions, EtcdEndpoints } from './etcd-endpoints.js';
import { mapEtcdError } from './etcd-errors.js';
import { type RetryPolicy, withRetries } from './etcd-retry.js';

export interface EtcdConnectOptions extends EtcdEndpointOptions {
  /** Milliseconds that a request may take altogether, with its retries. Default 10,000. */
  requestTimeoutMs?: number;
  clock?: Clock;
}

const everything = Buffer.from([0]);
/** Asked for when only the revision matters; never written. */
const revisionProbeKey = Buffer.from('/kubelab/revision-probe');
/** With several members a read is not held up longer by one of them that hangs. */
const attemptTimeoutMs = 3_000;

/** Makes a member that loses its leader end the stream instead of going silent. */
const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata: Metadata, listener, next) {
      metadata.set('hasleader', 'true');
      next(metadata, listener);
    },
  });

/** Does not connect yet: the first request does. */
export function connectEtcd(options: EtcdConnectOptions): EtcdClient {
  return new Etcd3Client(options);
}

class Etcd3Client implements EtcdClient {
  readonly #endpoints: EtcdEndpoints;
  readonly #reads: RetryPolicy;
  readonly #writes: RetryPolicy;

  constructor(options: EtcdConnectOptions) {
    const common = { clock: options.clock ?? systemClock, timeoutMs: options.requestTimeoutMs ?? 10_000 };
    this.#reads = { ...common, ...(options.endpoints.length > 1 ? { attemptTimeoutMs } : {}), repeatable: true };
    this.#writes = { ...common, repeatable: false };
    this.#endpoints = new EtcdEndpoints(options);
  }

  async currentRevision(): Promise<{ revision: number; clusterId: string }> {
    const { header } = await this.#read((etcd, call) =>
      etcd.kv.range({ key: revisionProbeKey, count_only: true }, call),
    );
    return { revision: Number(header.revision), clusterId: header.cluster_id };
  }

  async range(request: RangeRequest): Promise<RangePage> {
    const response = await this.#read((etcd, call) =>
      etcd.kv.range(
        {
          key: Buffer.from(request.start),
          range_end: Buffer.from(request.end),
          ...(request.limit ? { limit: request.limit } : {}),
          ...(request.revision ? { revision: request.revision } : {}),
        },
        call,
      ),
    );
    return {
      kvs: response.kvs.map(toKeyValue),
      count: Number(response.count),
      revision: Number(response.header.revision),
    };
  }

  put(request: { key: string; value: Buffer; expectedRevision: number; lease?: string }): Promise<WriteResult> {
    const key = Buffer.from(request.key);
    const put = { key, value: request.value, ...(request.lease ? { lease: request.lease } : {}) };
    return this.#writeIfUnchanged(key, request.expectedRevision, { request_put: put });
  }

  delete(request: { key: string; expectedRevision: number }): Promise<WriteResult> {
    const key = Buffer.from(request.key);
    return this.#writeIfUnchanged(key, request.expectedRevision, { request_delete_range: { key } });
  }

  async grantLease(ttlSeconds: number): Promise<string> {
    const lease = await this.#write((etcd, call) => etcd.leaseClient.leaseGrant({ TTL: ttlSeconds }, call));
    return lease.ID;
  }

  async putAtVersion(request: {
    key: string;
    value: string;
    expectedVersion: number;
  }): Promise<{ succeeded: boolean; version: number; revision: number }> {
    const key = Buffer.from(request.key);
    const response = await this.#write((etcd, call) =>
      etcd.kv.txn(
        {
          compare: [{ key, result: 'Equal', target: 'Version', version: request.expectedVersion }],
          success: [{ request_put: { key, value: Buffer.from(request.value) } }],
          failure: [{ request_range: { key } }],
        },
        call,
      ),
    );
    const found = foundBy(response.responses);
    const version = response.succeeded ? request.expectedVersion + 1 : Number(found?.version ?? 0);
    return { succeeded: response.succeeded, version, revision: Number(response.header.revision) };
  }

  async compact(revision: number): Promise<void> {
    await this.#write((etcd, call) => etcd.kv.compact({ revision }, call));
  }

  async status(): Promise<EtcdStatus> {
    const status = await this.#read((etcd, call) => etcd.maintenance.status(call));
    return { version: status.version, databaseBytes: Number(status.dbSize) };
  }

  async watch(request: WatchRequest): Promise<WatchCall> {
    const { etcd, failed } = this.#endpoints.current();
    const stream = await etcd.watchClient.watch({ interceptors: [requireLeader] });
    let over = false;
    const end = (error: Error): void => {
      if (over) return;
      over = true;
      failed();
      request.onEnd(mapEtcdError(error));
    };
    stream.on('data', (response) => {
      if (!over) request.onMessage(toWatchMessage(response));
    });
    stream.on('error', end);
    stream.on('end', () => end(new Error('14 UNAVAILABLE: the watch stream was closed')));
    stream.write({
      create_request: {
        key: everything,
        range_end: everything,
        start_revision: request.startRevision,
        progress_notify: true,
        fragment: true,
      },
    });
    return {
      cancel: () => {
        over = true;
        stream.cancel();
      },
    };
  }

  close(): void {
    this.#endpoints.close();
  }

  async #writeIfUnchanged(key: Buffer, expectedRevision: number, operation: IRequestOp): Promise<WriteResult> {
    const response = await this.#write((etcd, call) =>
      etcd.kv.txn(
        {
          compare: [{ key, result: 'Equal', target: 'Mod', mod_revision: expectedRevision }],
          success: [operation],
          failure: [{ request_range: { key } }],
        },
        call,
      ),
    );
    const revision = Number(response.header.revision);
    if (response.succeeded) return { succeeded: true, revision };
    const found = foundBy(response.responses);
    return { succeeded: false, revision, current: found && toKeyValue(found) };
  }

  #read<T>(send: (etcd: Etcd3, call: CallOptions) => Promise<T>): Promise<T> {
    return withRetries(this.#reads, (timeoutMs) => this.#endpoints.send((etcd) => send(etcd, within(timeoutMs))));
  }

  #write<T>(send: (etcd: Etcd3, call: CallOptions) => Promise<T>): Promise<T> {
    return withRetries(this.#writes, (timeoutMs) => this.#endpoints.send((etcd) => send(etcd, within(timeoutMs))));
  }
}

/** gRPC measures by the system's time, whatever clock the storage runs on. */
function within(timeoutMs: number): CallOptions {
  return { deadline: systemClock.now() + timeoutMs };
}

function foundBy(responses: IResponseOp[]): IKeyValue | undefined {
  return responses[0]?.response_range?.kvs[0];
}

function toKeyValue(kv: IKeyValue): KeyValue {
  return { key: kv.key.toString(), value: kv.value, modRevision: Number(kv.mod_revision) };
}

function toWatchMessage(response: IWatchResponse): WatchMessage {
  return {
    created: response.created,
    canceled: response.canceled,
    cancelReason: response.cancel_reason,
    compactRevision: Number(response.compact_revision),
    fragment: response.fragment,
    revision: Number(response.header.revision),
    events: response.events.map(
      ({ type, kv }): KeyEvent => ({
        type: type === 'Delete' ? 'delete' : 'put',
        key: kv.key.toString(),
        value: kv.value,
        revision: Number(kv.mod_revision),
      }),
    ),
  };
}
