import { leases } from '@kubelab/api/resource-types';
import type { Lease } from '@kubelab/api/types';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { KubeClient } from '@kubelab/client/client';
import { type Clock, microTimestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';

export interface LeaseKeeperOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  nodeName: string;
  /** Undefined until the node is registered: a lease without an owner would outlive it. */
  nodeUid(): string | undefined;
  durationSeconds: number;
}

const leaseNamespace = 'kube-node-lease';
/** Part of the lease's duration after which it is renewed. */
const renewPart = 0.25;
const retryMs = 200;
const longestRetryMs = 7_000;

/** Renews the node's lease, by which the control plane knows that the node lives. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #lease: Lease | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, durationSeconds } = this.#options;
    let delayMs = retryMs;
    while (!signal.aborted) {
      try {
        await this.renew();
        delayMs = retryMs;
        await clock.sleep(durationSeconds * renewPart * 1000, signal).catch(() => undefined);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('Node lease could not be renewed', { error });
        await clock.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, longestRetryMs);
      }
    }
  }

  async renew(): Promise<void> {
    const { client, nodeName } = this.#options;
    try {
      this.#lease ??= await client.get(leases, nodeName, leaseNamespace);
      this.#lease = await client.update(leases, {
        ...this.#lease,
        ...this.#owned(),
        spec: { ...this.#lease.spec, ...this.#spec() },
      });
    } catch (error) {
      this.#lease = undefined;
      if (isNotFound(error)) await this.#create();
      else if (isConflict(error)) await this.#renewFresh();
      else throw error;
    }
  }

  /** Somebody else wrote the lease: only this kubelet may, so the newer version is read and written over. */
  async #renewFresh(): Promise<void> {
    const { client, nodeName } = this.#options;
    const current = await client.get(leases, nodeName, leaseNamespace);
    this.#lease = await client.update(leases, {
      ...current,
      ...this.#owned(current),
      spec: { ...current.spec, ...this.#spec() },
    });
  }

  async #create(): Promise<void> {
    const { client, nodeName } = this.#options;
    const { metadata } = this.#owned({ metadata: { name: nodeName, namespace: leaseNamespace } });
    this.#lease = await client.create(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: this.#spec(),
    });
  }

  #spec(): NonNullable<Lease['spec']> {
    const { nodeName, durationSeconds, clock } = this.#options;
    return { holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime: microTimestamp(clock) };
  }

  /** Metadata that makes the node own its lease. */
  #owned<M extends object>(
    lease: { metadata: M } | undefined = this.#lease as { metadata: M } | undefined,
  ): { metadata: M } {
    const { nodeName } = this.#options;
    const uid = this.#options.nodeUid();
    const metadata = (lease?.metadata ?? {}) as M;
    if (!uid) return { metadata };
    return { metadata: { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }] } };
  }
}
