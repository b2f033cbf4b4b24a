/** Watches over the nodes' signs of life: conditions, taints, and the readiness of pods on silent nodes. */

import { leases, nodes as nodeType, pods as podType } from '@kubelab/api/resource-types';
import type { Lease, Node, Pod } from '@kubelab/api/types';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import { TokenBuckets } from '@kubelab/client/token-buckets';
import { timestamp } from '@kubelab/component/clock';
import type { ControllerDefinition, ManagerContext, Runnable } from '../manager/context.js';
import { isPodReady } from '../pods/pod-state.js';
import {
  type Heartbeat,
  heartbeatOf,
  nextTaints,
  notReady,
  readyStatus,
  silentConditions,
  unreachable,
  type ZoneState,
  zoneOf,
  zoneState,
} from './plan.js';

/** Zones with fewer nodes stop evicting altogether when they are partly disrupted. */
const largeZone = 50;
const catchUpMs = 100;

export const nodeLifecycleController: ControllerDefinition = {
  name: 'node-lifecycle-controller',
  serviceAccount: 'node-controller',
  enabled: () => true,
  create: (context) => new NodeLifecycle(context),
};

class NodeLifecycle implements Runnable {
  readonly #context: ManagerContext;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #evictions: Record<'primary' | 'secondary', TokenBuckets>;
  readonly #known = new Set<string>();
  #endPause: (() => void) | undefined;
  /** Something happened that the round under way may have passed by already. */
  #awake = false;
  /** Somebody else changed a node at the same time: the cache will show it in a moment. */
  #behind = false;

  constructor(context: ManagerContext) {
    this.#context = context;
    const { clock, config, informers } = context;
    this.#nodes = informers.of(nodeType);
    this.#leases = informers.of(leases);
    this.#pods = informers.of(podType);
    this.#pods.addIndex('node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    const buckets = (rate: number) =>
      new TokenBuckets({ burst: 1, refillMs: rate > 0 ? 1000 / rate : Number.MAX_SAFE_INTEGER, clock });
    this.#evictions = {
      primary: buckets(config['node-eviction-rate']),
      secondary: buckets(config['secondary-node-eviction-rate']),
    };
    // A kubelet that reports Ready need not wait for the next round to lose its taints.
    this.#nodes.addHandlers({
      onAdd: () => this.#wake(),
      onUpdate: (old, node) =>
        (readyStatus(old) !== readyStatus(node) || old.spec.unschedulable !== node.spec.unschedulable) && this.#wake(),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logger, config } = this.#context;
    while (!signal.aborted) {
      this.#awake = false;
      await this.#round().catch((error: unknown) =>
        logger.warn('Nodes could not be looked after, will be retried', { error }),
      );
      await this.#pause(signal, this.#behind ? catchUpMs : config['node-monitor-period']);
    }
  }

  #wake(): void {
    this.#awake = true;
    this.#endPause?.();
  }

  #pause(signal: AbortSignal, ms: number): Promise<void> {
    if (this.#awake || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.clear();
        this.#endPause = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#context.clock.setTimeout(done, ms);
      this.#endPause = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async #round(): Promise<void> {
    const all = this.#nodes.list();
    this.#behind = false;
    this.#announce(all);
    const zones = this.#zoneStates(all);
    const fullyDisrupted = [...zones.values()].every(({ state }) => state === 'FullDisruption');
    for (const node of all) {
      try {
        const current = await this.#checkSilence(node);
        await this.#updateTaints(current, zones.get(zoneOf(node)), fullyDisrupted);
        if (readyStatus(current) !== 'True') await this.#markPodsNotReady(current);
      } catch (error) {
        if (isConflict(error)) this.#behind = true;
        else if (!isNotFound(error)) throw error;
      }
    }
  }

  #announce(all: readonly Node[]): void {
    const names = new Set(all.map(({ metadata }) => metadata.name));
    for (const node of all) {
      if (this.#known.has(node.metadata.name)) continue;
      this.#known.add(node.metadata.name);
      this.#context.recorder.event(
        node,
        'Normal',
        'RegisteredNode',
        `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`,
      );
    }
    for (const name of this.#known) {
      if (names.has(name)) continue;
      this.#known.delete(name);
      this.#heartbeats.delete(name);
      const target = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
      this.#context.recorder.event(
        target,
        'Normal',
        'RemovingNode',
        `Node ${name} event: Removing Node ${name} from Controller`,
      );
    }
  }

  #zoneStates(all: readonly Node[]): Map<string, { state: ZoneState; size: number }> {
    const zones = new Map<string, Node[]>();
    for (const node of all) zones.set(zoneOf(node), [...(zones.get(zoneOf(node)) ?? []), node]);
    const threshold = this.#context.config['unhealthy-zone-threshold'];
    return new Map(
      [...zones].map(([zone, members]) => [zone, { state: zoneState(members, threshold), size: members.length }]),
    );
  }

  /** The node with Unknown conditions written when its kubelet has been silent for the grace period. */
  async #checkSilence(node: Node): Promise<Node> {
    const { clock, config, client, recorder } = this.#context;
    const { name } = node.metadata;
    const seen = heartbeatOf(node, this.#leases.get(`kube-node-lease/${name}`));
    const known = this.#heartbeats.get(name);
    if (known?.seen !== seen) this.#heartbeats.set(name, { seen, at: clock.now() });
    const silentMs = clock.now() - (this.#heartbeats.get(name)?.at ?? clock.now());
    if (silentMs < config['node-monitor-grace-period']) return node;
    const conditions = silentConditions(node, timestamp(clock));
    if (!conditions) return node;
    if (readyStatus(node) === 'True')
      recorder.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    return client.patch(
      nodeType,
      name,
      undefined,
      'strategic',
      { metadata: { uid: node.metadata.uid }, status: { conditions } },
      { subresource: 'status' },
    );
  }

  async #updateTaints(
    node: Node,
    zone: { state: ZoneState; size: number } | undefined,
    fullyDisrupted: boolean,
  ): Promise<void> {
    const { client, clock } = this.#context;
    const taints = nextTaints(node, { evict: this.#evictionTaint(node, zone, fullyDisrupted), now: timestamp(clock) });
    if (!taints) return;
    const { name, resourceVersion } = node.metadata;
    // The resourceVersion makes the API server refuse when somebody else has changed the taints meanwhile.
    await client.patch(nodeType, name, undefined, 'merge', { metadata: { resourceVersion }, spec: { taints } });
  }

  #evictionTaint(
    node: Node,
    zone: { state: ZoneState; size: number } | undefined,
    fullyDisrupted: boolean,
  ): 'unreachable' | 'not-ready' | 'none' | 'keep' {
    const status = readyStatus(node);
    if (status === 'True') return 'none';
    // When nothing is heard of any node, it is more likely that we cannot hear.
    if (fullyDisrupted) return 'none';
    const wanted = status === 'False' ? 'not-ready' : 'unreachable';
    const key = wanted === 'not-ready' ? notReady : unreachable;
    const has = node.spec.taints?.some(
      (taint) => taint.effect === 'NoExecute' && (taint.key === notReady || taint.key === unreachable),
    );
    if (has)
      return node.spec.taints?.some((taint) => taint.effect === 'NoExecute' && taint.key === key) ? 'keep' : wanted;
    return this.#mayEvict(zoneOf(node), zone) ? wanted : 'keep';
  }

  #mayEvict(name: string, zone: { state: ZoneState; size: number } | undefined): boolean {
    if (zone?.state !== 'PartialDisruption') return this.#evictions.primary.take(name);
    return zone.size > largeZone && this.#evictions.secondary.take(name);
  }

  /** Nobody should send traffic to pods of a node that is not heard of. */
  async #markPodsNotReady(node: Node): Promise<void> {
    const { client, clock, recorder } = this.#context;
    for (const pod of this.#pods.byIndex('node', node.metadata.name)) {
      if (!isPodReady(pod)) continue;
      const condition = { type: 'Ready', status: 'False', lastTransitionTime: timestamp(clock) };
      const { name, namespace, uid } = pod.metadata;
      try {
        await client.patch(
          podType,
          name,
          namespace,
          'strategic',
          { metadata: { uid }, status: { conditions: [condition] } },
          { subresource: 'status' },
        );
        recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }
}
