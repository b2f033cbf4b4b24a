/** {@link EtcdClient} on the etcd3 package: its connections, TLS and stubs, without its watcher, retries and circuit breaker. */

import { type CallOptions, InterceptingCall, type Interceptor, type Metadata } from '@grpc/grpc-js';
import { type Clock, systemClock } from '@kubelab/component/clock';
import { noop } from 'cockatiel';
import { Etcd3, type IKeyValue, type IOptions, type IRequestOp, type IResponseOp, type IWatchResponse } from 'etcd3';
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
import { mapEtcdError } from './etcd-errors.js';
import { type RetryPolicy, withRetries } from './etcd-retry.js';

export interface EtcdConnectOptions {
  /** `http://host:port` or `https://host:port`. */
  endpoints: string[];
  /** PEM. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** Milliseconds that a request may take altogether, with its retries. Default 10,000. */
  requestTimeoutMs?: number;
  clock?: Clock;
}

const everything = Buffer.from([0]);
/** Asked for when only the revision matters; never written. */
const revisionProbeKey = Buffer.from('/kubelab/revision-probe');
/** With several members a read is not held up longer by one of them that hangs. */
const attemptTimeoutMs = 3_000;

/** etcd refuses pings that come more often than every five seconds. */
const channelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

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

function clientOptions(options: EtcdConnectOptions): IOptions {
  return {
    hosts: options.endpoints,
    ...(options.ca ? { credentials: tlsCredentials(options.ca, options) } : {}),
    grpcOptions: channelOptions,
    faultHandling: { host: () => noop, global: noop },
  };
}

function tlsCredentials(ca: Buffer, options: EtcdConnectOptions): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: ca,
    ...(options.key ? { privateKey: options.key } : {}),
    ...(options.cert ? { certChain: options.cert } : {}),
  };
}

class Etcd3Client implements EtcdClient {
  readonly #etcd: Etcd3;
  readonly #reads: RetryPolicy;
  readonly #writes: RetryPolicy;

  constructor(options: EtcdConnectOptions) {
    const common = { clock: options.clock ?? systemClock, timeoutMs: options.requestTimeoutMs ?? 10_000 };
    this.#reads = { ...common, ...(options.endpoints.length > 1 ? { attemptTimeoutMs } : {}), repeatable: true };
    this.#writes = { ...common, repeatable: false };
    this.#etcd = new Etcd3(clientOptions(options));
  }

  async currentRevision(): Promise<{ revision: number; clusterId: string }> {
    const { header } = await this.#read((call) =>
      this.#etcd.kv.range({ key: revisionProbeKey, count_only: true }, call),
    );
    return { revision: Number(header.revision), clusterId: header.cluster_id };
  }

  async range(request: RangeRequest): Promise<RangePage> {
    const response = await this.#read((call) =>
      this.#etcd.kv.range(
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
    const lease = await this.#write((call) => this.#etcd.leaseClient.leaseGrant({ TTL: ttlSeconds }, call));
    return lease.ID;
  }

  async putAtVersion(request: {
    key: string;
    value: string;
    expectedVersion: number;
  }): Promise<{ succeeded: boolean; version: number; revision: number }> {
    const key = Buffer.from(request.key);
    const response = await this.#write((call) =>
      this.#etcd.kv.txn(
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
    await this.#write((call) => this.#etcd.kv.compact({ revision }, call));
  }

  async status(): Promise<EtcdStatus> {
    const status = await this.#read((call) => this.#etcd.maintenance.status(call));
    return { version: status.version, databaseBytes: Number(status.dbSize) };
  }

  async watch(request: WatchRequest): Promise<WatchCall> {
    const stream = await this.#etcd.watchClient.watch({ interceptors: [requireLeader] });
    let over = false;
    const end = (error: Error): void => {
      if (over) return;
      over = true;
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
    this.#etcd.close();
  }

  async #writeIfUnchanged(key: Buffer, expectedRevision: number, operation: IRequestOp): Promise<WriteResult> {
    const response = await this.#write((call) =>
      this.#etcd.kv.txn(
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

  #read<T>(send: (call: CallOptions) => Promise<T>): Promise<T> {
    return withRetries(this.#reads, send);
  }

  #write<T>(send: (call: CallOptions) => Promise<T>): Promise<T> {
    return withRetries(this.#writes, send);
  }
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
