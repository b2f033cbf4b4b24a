import { setMaxListeners } from 'node:events';
import type { ResourceType } from '@kubelab/api/resource';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound, StatusError } from '@kubelab/apimachinery/status-error';
import { type Clock, microTimestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { ConnectionError, type KubeClient } from './client.js';

interface LeaseObject extends KubeObject {
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

const leases: ResourceType<LeaseObject> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

export interface LeaderElectionOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  /** Lease in kube-system: `kube-scheduler`. */
  name: string;
  /** Who we are; unique per process. */
  identity: string;
  leaseDurationMs: number;
  renewDeadlineMs: number;
  retryPeriodMs: number;
}

/**
 * Waits until this process holds the lease, runs `lead`, and keeps renewing. Resolves after `lead` when `signal` aborts (the lease is given
 * back); rejects when the lease is lost, after aborting `lead`'s signal: the process should exit then. Others' leases are timed with our own
 * clock from when we saw them change, so clocks need not agree.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const elector = new LeaderElector(options);
  while (!(await elector.tryAcquireOrRenew())) {
    if (signal.aborted) return;
    await options.clock.sleep(options.retryPeriodMs, signal).catch(() => undefined);
    if (signal.aborted) return;
  }
  options.logger.info('Became leader', { lease: options.name, identity: options.identity });
  const leading = new AbortController();
  setMaxListeners(0, leading.signal);
  const stop = (): void => leading.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const renewing = elector.keepRenewing(leading.signal);
  try {
    const work = lead(leading.signal).then(() => leading.abort(new Error('work ended')));
    await Promise.race([work, renewing]);
    await work;
  } finally {
    leading.abort(new Error('no longer leading'));
    signal.removeEventListener('abort', stop);
    // A lease that was lost is not ours to give back, and the server may not answer at all.
    const lost = await renewing.then(
      () => false,
      () => true,
    );
    if (!lost) await elector.release();
  }
}

class LeaderElector {
  readonly #options: LeaderElectionOptions;
  #seen: { renewTime: string; at: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  async tryAcquireOrRenew(): Promise<boolean> {
    try {
      return await this.#tryOnce();
    } catch (error) {
      if (error instanceof StatusError || error instanceof ConnectionError) {
        this.#options.logger.debug('Lease not acquired', { error });
        return false;
      }
      throw error;
    }
  }

  /** Rejects when the lease could not be renewed within the deadline. */
  async keepRenewing(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriodMs, renewDeadlineMs, name } = this.#options;
    let renewedAt = clock.now();
    while (!signal.aborted) {
      await clock.sleep(retryPeriodMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const deadline = renewedAt + renewDeadlineMs;
      if (await this.#renewBefore(deadline, signal)) renewedAt = clock.now();
      else if (signal.aborted) return;
      else if (clock.now() >= deadline) throw new Error(`leader election lost: lease ${name} was not renewed in time`);
    }
  }

  /** False also when there was no answer before the deadline: a server that hangs must not keep us believing that we lead. */
  async #renewBefore(deadline: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const answered = new AbortController();
    const late = clock.sleep(Math.max(0, deadline - clock.now()), AbortSignal.any([signal, answered.signal])).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([this.tryAcquireOrRenew(), late]);
    } finally {
      answered.abort(new Error('answered'));
    }
  }

  async release(): Promise<void> {
    const { client, identity, name, logger } = this.#options;
    try {
      const lease = await client.get(leases, name, 'kube-system');
      if (lease.spec.holderIdentity !== identity) return;
      await client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
    } catch (error) {
      logger.debug('Lease not released, it will run out', { error });
    }
  }

  async #tryOnce(): Promise<boolean> {
    const { client, clock, identity, name, leaseDurationMs } = this.#options;
    const now = microTimestamp(clock);
    const mine = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime: now };
    const lease = await client.get(leases, name, 'kube-system').catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!lease) {
      const metadata = { name, namespace: 'kube-system' };
      await client.create(leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata,
        spec: { ...mine, acquireTime: now, leaseTransitions: 0 },
      });
      return true;
    }
    const held = lease.spec.holderIdentity === identity;
    if (!held && lease.spec.holderIdentity && !this.#hasRunOut(lease)) return false;
    const transitions = (lease.spec.leaseTransitions ?? 0) + (held ? 0 : 1);
    const acquireTime = held ? (lease.spec.acquireTime ?? now) : now;
    await client.update(leases, {
      ...lease,
      spec: { ...lease.spec, ...mine, acquireTime, leaseTransitions: transitions },
    });
    return true;
  }

  #hasRunOut(lease: LeaseObject): boolean {
    const renewTime = lease.spec.renewTime ?? '';
    const now = this.#options.clock.now();
    if (this.#seen?.renewTime !== renewTime) this.#seen = { renewTime, at: now };
    return now - this.#seen.at > (lease.spec.leaseDurationSeconds ?? 15) * 1000;
  }
}
