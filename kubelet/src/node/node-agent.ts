import { nodes } from '@kubelab/api/resource-types';
import type { Node, NodeAddress, NodeStatus } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { EventRecorder, EventTarget } from '@kubelab/client/event-recorder';
import type { Informer } from '@kubelab/client/informer';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { shutdownProblem } from '../shutdown/plan.js';
import type { NodeLimits } from './cgroup-limits.js';
import type { MachineFacts } from './machine.js';
import { computeNodeStatus, imageList, type NodeStatusInput, statusChanged } from './node-status.js';
import { nodeTarget, type RegistrationOptions, registerNode } from './registration.js';
import { healthOf, type RuntimeHealth, readyProblems, unknownHealth } from './runtime-health.js';

export interface NodeAgentOptions {
  client: KubeClient;
  runtime: Pick<RuntimeServiceClient, 'status' | 'updateRuntimeConfig'>;
  imageService: Pick<ImageServiceClient, 'listImages'>;
  informer: Informer<Node>;
  events: EventRecorder;
  clock: Clock;
  logger: Logger;
  registration: RegistrationOptions;
  machine: MachineFacts;
  limits: NodeLimits;
  maxPods: number;
  reserved: { cpuMilli: number; memoryBytes: number };
  evictionHard: NodeStatusInput['evictionHard'];
  port: number;
  runtimeVersion: string;
  statusUpdateMs: number;
  addresses(): NodeAddress[];
  disk(): Promise<{ capacityBytes: number }>;
  pressure(): { memory: boolean; disk: boolean; pid: boolean };
  plegProblem(): string | undefined;
  shuttingDown(): boolean;
  /** The network became usable, or the addresses changed. */
  onChange(): void;
}

/** How often the runtime is asked whether it works: every so often, and quickly until it does. */
const runtimeCheckMs = 5_000;
const fastCheckMs = 100;
/** Without any change the status is still written this often. */
const reportMs = 300_000;

/** Registers the node and keeps its status in the API current. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  #node: Node | undefined;
  #health: RuntimeHealth = unknownHealth;
  #podCIDR = '';
  #configuring = '';
  #lastReport = Number.NEGATIVE_INFINITY;
  #lastImages: NodeStatus['images'] = [];
  #imagesAt = Number.NEGATIVE_INFINITY;
  #status: NodeStatus = {};
  #syncing: Promise<void> | undefined;
  #again = false;
  #readyTold: string | undefined;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
  }

  /** As the API has it. */
  node(): Node | undefined {
    return this.#options.informer.get(this.#options.registration.nodeName) ?? this.#node;
  }

  /** Allocatable and addresses as last computed. */
  status(): NodeStatus {
    return this.#status;
  }

  networkProblem(): string | undefined {
    return this.#health.networkProblem;
  }

  /** Resolves when the node is registered; the loops go on until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { informer, events } = this.#options;
    await this.#checkRuntime();
    this.#status = await this.#compute();
    await this.#register(signal);
    events.event(this.#target(), 'Normal', 'Starting', 'Starting kubelet.');
    informer.addHandlers({
      onAdd: (node) => this.#adopt(node, signal),
      onUpdate: (_old, node) => this.#adopt(node, signal),
    });
    void this.#runtimeLoop(signal);
    void this.#statusLoop(signal);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { clock, logger, registration } = this.#options;
    for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 7_000)) {
      try {
        this.#node = await registerNode(registration, this.#status);
        logger.info('Node is registered', { node: registration.nodeName });
        return;
      } catch (error) {
        logger.warn('Node could not be registered', { error });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  /** A new version of the node in the API: its pod network is what the runtime needs. A node that was deleted is made again. */
  #adopt(node: Node, signal: AbortSignal): void {
    this.#node = node;
    const podCIDR = node.spec?.podCIDR ?? '';
    if (podCIDR === '' || podCIDR === this.#podCIDR || podCIDR === this.#configuring) return;
    this.#configuring = podCIDR;
    this.#configureNetwork(podCIDR, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.logger.error('Runtime did not take the pod network', { podCIDR, error });
      })
      .finally(() => {
        this.#configuring = '';
      });
  }

  async #configureNetwork(podCidr: string, signal: AbortSignal): Promise<void> {
    const { runtime, logger, clock } = this.#options;
    for (let delayMs = 100; !signal.aborted; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } }, { timeoutMs: 60_000 });
        this.#podCIDR = podCidr;
        logger.info('Pod network is configured', { podCIDR: podCidr });
        await this.#checkRuntime();
        await this.sync();
        return;
      } catch (error) {
        logger.warn('Pod network could not be configured', { podCIDR: podCidr, error });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  async #checkRuntime(): Promise<void> {
    const { runtime, onChange } = this.#options;
    const before = this.#health;
    try {
      this.#health = healthOf(await runtime.status({}, { timeoutMs: 10_000 }));
    } catch (error) {
      this.#health = { ...before, runtimeProblem: 'container runtime is down' };
      this.#options.logger.debug('Runtime does not answer', { error });
    }
    if (before.networkProblem !== undefined && this.#health.networkProblem === undefined) onChange();
  }

  async #runtimeLoop(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      const healthy = this.#problems().length === 0;
      await clock.sleep(healthy ? runtimeCheckMs : fastCheckMs * 10, signal).catch(() => undefined);
      if (signal.aborted) return;
      const before = this.#problems().join();
      await this.#checkRuntime();
      // A runtime that was restarted may have forgotten its network.
      if (this.#health.networkProblem !== undefined && this.#health.runtimeProblem === undefined) this.#podCIDR = '';
      const node = this.node();
      if (node) this.#adopt(node, signal);
      if (this.#problems().join() !== before)
        await this.sync().catch((error: unknown) => logger.warn('Node status could not be written', { error }));
    }
  }

  #problems(): string[] {
    const problems = readyProblems(this.#health, this.#options.plegProblem());
    return this.#options.shuttingDown() ? [...problems, shutdownProblem] : problems;
  }

  async #statusLoop(signal: AbortSignal): Promise<void> {
    const { clock, logger, statusUpdateMs } = this.#options;
    while (!signal.aborted) {
      await this.sync().catch((error: unknown) => {
        if (!signal.aborted) logger.warn('Node status could not be written', { error });
      });
      await clock.sleep(statusUpdateMs, signal).catch(() => undefined);
    }
  }

  /** Writes the status if it differs from the API's, or has not been written for long. One write at a time. */
  sync(): Promise<void> {
    if (this.#syncing) {
      this.#again = true;
      return this.#syncing;
    }
    this.#syncing = this.#syncUntilQuiet().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #syncUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      await this.#syncOnce();
    } while (this.#again);
  }

  async #syncOnce(): Promise<void> {
    const { client, registration, clock, informer } = this.#options;
    const before = this.#status;
    this.#status = await this.#compute();
    if (JSON.stringify(before.addresses) !== JSON.stringify(this.#status.addresses)) this.#options.onChange();
    const api = this.node();
    if (!api || (informer.hasSynced() && !informer.get(registration.nodeName))) {
      this.#node = await registerNode(registration, this.#status);
    }
    const due = clock.now() - this.#lastReport >= reportMs;
    if (due || statusChanged(this.node()?.status ?? {}, this.#status)) {
      this.#node = await client.patch(nodes, registration.nodeName, undefined, 'strategic', statusPatch(this.#status), {
        subresource: 'status',
      });
      this.#lastReport = clock.now();
    }
    this.#tellReadiness();
  }

  async #compute(): Promise<NodeStatus> {
    const { machine, limits, maxPods, reserved, evictionHard, port, runtimeVersion, clock } = this.#options;
    const addresses = this.#options.addresses();
    const [disk, images] = await Promise.all([this.#options.disk(), this.#images()]);
    return computeNodeStatus({
      machine,
      limits,
      disk,
      maxPods,
      reserved,
      evictionHard,
      addresses,
      runtimeVersion,
      port,
      images,
      ready: { problems: this.#problems() },
      pressure: this.#options.pressure(),
      old: this.node()?.status ?? this.#status,
      now: timestamp(clock),
    });
  }

  /** The list changes rarely and is long: it is asked for at most once in a status period, and not of a runtime that hangs, which the status is to tell of. */
  async #images(): Promise<NonNullable<NodeStatus['images']>> {
    const { imageService, clock, statusUpdateMs, logger } = this.#options;
    if (this.#health.runtimeProblem !== undefined && this.#lastImages) return this.#lastImages;
    if (clock.now() - this.#imagesAt < statusUpdateMs * 3) return this.#lastImages ?? [];
    try {
      this.#lastImages = imageList((await imageService.listImages({}, { timeoutMs: 30_000 })).images);
      this.#imagesAt = clock.now();
    } catch (error) {
      logger.debug('Images could not be listed', { error });
    }
    return this.#lastImages ?? [];
  }

  #tellReadiness(): void {
    const { events, registration } = this.#options;
    const ready =
      this.#status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True'
        ? 'NodeReady'
        : 'NodeNotReady';
    if (ready === this.#readyTold) return;
    const first = this.#readyTold === undefined;
    this.#readyTold = ready;
    // A node starts out not ready; that is no news.
    if (first && ready === 'NodeNotReady') return;
    events.event(this.#target(), 'Normal', ready, `Node ${registration.nodeName} status is now: ${ready}`);
  }

  #target(): EventTarget {
    return nodeTarget(this.#options.registration.nodeName);
  }
}

function statusPatch(status: NodeStatus): unknown {
  // Addresses merge by type, which loses one of two addresses of the same type.
  return { status: { ...status, addresses: [{ $patch: 'replace' }, ...(status.addresses ?? [])] } };
}
