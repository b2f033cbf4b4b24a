/** The sync loop: from the informers' state to rules and routes, at most once per period, again until it succeeds. */

import type { EndpointSlice, Node, Service } from '@kubelab/api/types';
import type { Informer } from '@kubelab/client/informer';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { findStaleFlows, forgetFlows } from './conntrack.js';
import type { Applier } from './iptables/apply.js';
import { type PlanOptions, planRules } from './iptables/plan.js';
import type { ProxyMetrics } from './metrics.js';
import { applyPodNetwork } from './pod-network/apply.js';
import { applyRoutes } from './routes/apply.js';
import { planRoutes } from './routes/plan.js';
import { resolveServicePorts, type ServicePort } from './service-ports.js';

export interface ProxierOptions {
  nodeName: string;
  /** Of the runtime; empty when it looks after its network itself. */
  cniConfigFile: string;
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  nodes: Informer<Node>;
  applier: Applier;
  plan: Omit<PlanOptions, 'podCidr'>;
  minSyncPeriodMs: number;
  syncPeriodMs: number;
  clock: Clock;
  logger: Logger;
  metrics: ProxyMetrics;
}

const retryMs = 2000;

export class Proxier {
  readonly #options: ProxierOptions;
  #wake: (() => void) | undefined;
  #dirty = true;
  #lastPorts: ServicePort[] = [];
  #lastFullSync = Number.NEGATIVE_INFINITY;
  #lastSuccess: number | undefined;
  #queuedSince: number | undefined;

  constructor(options: ProxierOptions) {
    this.#options = options;
    const changed = (): void => this.requestSync();
    const handlers = { onAdd: changed, onUpdate: changed, onDelete: changed };
    options.services.addHandlers(handlers);
    options.slices.addHandlers(handlers);
    // A node's heartbeat changes nothing here; a sync costs little when the plan comes out the same.
    options.nodes.addHandlers({
      onAdd: changed,
      onDelete: changed,
      onUpdate: (old, node) => {
        if (routeFacts(old) !== routeFacts(node)) this.requestSync();
      },
    });
  }

  requestSync(): void {
    this.#dirty = true;
    this.#queuedSince ??= this.#options.clock.now();
    this.#wake?.();
  }

  /** Throws when changes have been waiting for longer than two sync periods. */
  checkHealth(): void {
    const { clock, syncPeriodMs } = this.#options;
    if (this.#lastSuccess === undefined) throw new Error('rules have not been written yet');
    if (this.#queuedSince !== undefined && clock.now() - this.#queuedSince > 2 * syncPeriodMs) {
      throw new Error(`rules have not been written since ${new Date(this.#lastSuccess).toISOString()}`);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { services, slices, nodes, clock, minSyncPeriodMs, logger, metrics } = this.#options;
    await Promise.all([services, slices, nodes].map((informer) => informer.waitForSync(signal)));
    while (!signal.aborted) {
      await this.#untilNeeded(signal);
      if (signal.aborted) return;
      try {
        await this.#sync();
        await clock.sleep(minSyncPeriodMs, signal).catch(() => undefined);
      } catch (error) {
        metrics.failures.inc();
        logger.error('Rules could not be written, will be retried', { error });
        this.#dirty = true;
        this.#lastFullSync = Number.NEGATIVE_INFINITY;
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #untilNeeded(signal: AbortSignal): Promise<void> {
    if (this.#dirty || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(() => done(), this.#options.syncPeriodMs);
      const done = (): void => {
        timer.clear();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #sync(): Promise<void> {
    const { nodeName, services, slices, nodes, applier, clock, syncPeriodMs, metrics } = this.#options;
    const stopTimer = metrics.syncDuration.startTimer();
    const queued = this.#queuedSince;
    this.#dirty = false;
    this.#queuedSince = undefined;
    try {
      const ports = resolveServicePorts(services.list(), slices.list(), nodeName);
      const podCidr = nodes.get(nodeName)?.spec.podCIDR ?? '';
      const plan = planRules(ports, { ...this.#options.plan, podCidr });
      const full = clock.now() - this.#lastFullSync >= syncPeriodMs;
      await applier.apply(plan, { full });
      if (full) this.#lastFullSync = clock.now();
      await applyRoutes(planRoutes(nodes.list(), nodeName));
      await this.#moveNetwork(podCidr);
      await forgetFlows(findStaleFlows(this.#lastPorts, ports));
      this.#lastPorts = ports;
      metrics.rules.set(plan.text.split('\n-A').length - 1);
    } catch (error) {
      this.#queuedSince = queued ?? clock.now();
      throw error;
    }
    this.#lastSuccess = clock.now();
    metrics.lastSync.set(this.#lastSuccess / 1000);
    stopTimer();
  }

  async #moveNetwork(podCidr: string): Promise<void> {
    const { cniConfigFile, logger } = this.#options;
    if (cniConfigFile === '' || podCidr === '') return;
    if (await applyPodNetwork(cniConfigFile, podCidr))
      logger.info('New pods get addresses of another range', { podCidr });
  }
}

function routeFacts(node: Node): string {
  return JSON.stringify([node.spec.podCIDR, node.status?.addresses]);
}
