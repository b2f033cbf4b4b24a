/** {@link EtcdClient} with etcd's gRPC interface over Node's HTTP/2: a general gRPC library costs as much as the rest of a write. */

import { type Clock, systemClock } from '@kubelab/component/clock';
import type {
  EtcdClient,
  EtcdStatus,
  RangePage,
  RangeRequest,
  WatchCall,
  WatchRequest,
  WriteResult,
} from '../etcd-client.js';
import { mapEtcdError } from '../etcd-errors.js';
import { type RetryPolicy, withRetries } from '../etcd-retry.js';
import { type EtcdEndpointOptions, EtcdEndpoints } from './endpoints.js';
import {
  type Compared,
  compactRequest,
  countRequest,
  emptyRequest,
  leaseRequest,
  rangeRequest,
  readLease,
  readRange,
  readStatus,
  readWatch,
  readWrite,
  watchRequest,
  writeRequest,
} from './messages.js';

export interface EtcdConnectOptions extends EtcdEndpointOptions {
  /** Milliseconds that a request may take altogether, with its retries. Default 10,000. */
  requestTimeoutMs?: number;
  clock?: Clock;
}

/** Asked for when only the revision matters; never written. */
const revisionProbe = countRequest('/kubelab/revision-probe');
/** With several members a read is not held up longer by one of them that hangs. */
const attemptTimeoutMs = 3_000;
/** Makes a member that loses its leader end the stream instead of going silent. */
const requireLeader = { hasleader: 'true' };

const rangePath = '/etcdserverpb.KV/Range';
const txnPath = '/etcdserverpb.KV/Txn';
const compactPath = '/etcdserverpb.KV/Compact';
const leasePath = '/etcdserverpb.Lease/LeaseGrant';
const statusPath = '/etcdserverpb.Maintenance/Status';
const watchPath = '/etcdserverpb.Watch/Watch';

/** Does not connect yet: the first request does. */
export function connectEtcd(options: EtcdConnectOptions): EtcdClient {
  return new Http2EtcdClient(options);
}

class Http2EtcdClient implements EtcdClient {
  readonly #endpoints: EtcdEndpoints;
  readonly #reads: RetryPolicy;
  readonly #writes: RetryPolicy;

  constructor(options: EtcdConnectOptions) {
    const common = { clock: options.clock ?? systemClock, timeoutMs: options.requestTimeoutMs ?? 10_000 };
    this.#reads = { ...common, ...(options.endpoints.length > 1 ? { attemptTimeoutMs } : {}), repeatable: true };
    this.#writes = { ...common, repeatable: false };
    const { endpoints, ca, cert, key } = options;
    this.#endpoints = new EtcdEndpoints({
      endpoints,
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    });
  }

  async currentRevision(): Promise<{ revision: number; clusterId: string }> {
    const { revision, clusterId } = readRange(await this.#read(rangePath, revisionProbe));
    return { revision, clusterId };
  }

  async range(request: RangeRequest): Promise<RangePage> {
    return readRange(await this.#read(rangePath, rangeRequest(request)));
  }

  put(request: { key: string; value: Buffer; expectedRevision: number; lease?: string }): Promise<WriteResult> {
    const { key, expectedRevision, ...write } = request;
    return this.#writeIf({ key, target: 'mod', value: expectedRevision }, write);
  }

  delete({ key, expectedRevision }: { key: string; expectedRevision: number }): Promise<WriteResult> {
    return this.#writeIf({ key, target: 'mod', value: expectedRevision }, {});
  }

  async grantLease(ttlSeconds: number): Promise<string> {
    return readLease(await this.#write(leasePath, leaseRequest(ttlSeconds)));
  }

  async putAtVersion(request: {
    key: string;
    value: string;
    expectedVersion: number;
  }): Promise<{ succeeded: boolean; version: number; revision: number }> {
    const { key, expectedVersion } = request;
    const compared: Compared = { key, target: 'version', value: expectedVersion };
    const { succeeded, revision, version } = await this.#writeIf(compared, { value: Buffer.from(request.value) });
    return { succeeded, version: succeeded ? expectedVersion + 1 : version, revision };
  }

  async compact(revision: number): Promise<void> {
    await this.#write(compactPath, compactRequest(revision));
  }

  async status(): Promise<EtcdStatus> {
    return readStatus(await this.#read(statusPath, emptyRequest));
  }

  async watch(request: WatchRequest): Promise<WatchCall> {
    const { member, failed } = this.#endpoints.current();
    const onEnd = (error: Error): void => {
      failed();
      request.onEnd(mapEtcdError(error));
    };
    try {
      return await member.stream(watchPath, watchRequest(request.startRevision), requireLeader, {
        onMessage: (message) => request.onMessage(readWatch(message)),
        onEnd,
      });
    } catch (error) {
      onEnd(error instanceof Error ? error : new Error(String(error)));
      return { cancel: () => undefined };
    }
  }

  close(): void {
    this.#endpoints.close();
  }

  async #writeIf(
    compared: Compared,
    write: { value?: Buffer; lease?: string },
  ): Promise<WriteResult & { version: number }> {
    return readWrite(await this.#write(txnPath, writeRequest(compared, write)));
  }

  #read(path: string, request: Buffer): Promise<Buffer> {
    return withRetries(this.#reads, (timeoutMs) => this.#endpoints.call(path, request, timeoutMs));
  }

  #write(path: string, request: Buffer): Promise<Buffer> {
    return withRetries(this.#writes, (timeoutMs) => this.#endpoints.call(path, request, timeoutMs));
  }
}
