import type { Node, Pod } from '@kubelab/api/types';
import type { Informer } from '@kubelab/client/informer';
import type { PodState } from '../runtime/pod-state.js';
import { fullName, isMirrorPod, isStaticPod } from '../static-pods/mirror.js';
import type { MirrorPods } from '../static-pods/mirror-pods.js';
import { rejectionOf } from './admission.js';
import { Backoff } from './backoff.js';
import { OrphanCollector } from './orphans.js';
import { isTerminalPhase } from './pod.js';
import type { PodServices } from './pod-services.js';
import type { PodVerdict } from './status.js';
import { PodWorker } from './worker.js';

export interface PodManagerOptions {
  services: PodServices;
  informer: Informer<Pod>;
  /** This node as the API has it; undefined until it is registered. */
  node(): Node | undefined;
  signal: AbortSignal;
  /** Mirrors of static pods, when there may be any. */
  mirrors?: MirrorPods | undefined;
  /** Pods that the kubelet does not take in, whatever their resources; asked before and after these. */
  refuse?: { first(pod: Pod): PodVerdict | undefined; last(pod: Pod): PodVerdict | undefined };
}

const crashBackoff = { initialMs: 10_000, maxMs: 300_000 };

/** One worker per pod that the API has bound to this node; what the runtime has beyond that is an orphan. */
export class PodManager {
  readonly #options: PodManagerOptions;
  readonly #services: PodServices;
  readonly #workers = new Map<string, PodWorker>();
  readonly #backoff: Backoff;
  readonly #orphans: OrphanCollector;
  /** By full name; those whose predecessor still runs wait for its end. */
  readonly #static = new Map<string, Pod>();

  constructor(options: PodManagerOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#backoff = new Backoff({ ...crashBackoff, clock: options.services.clock });
    this.#orphans = new OrphanCollector({
      services: options.services,
      isKnown: (uid) => this.#workers.has(uid) || !options.informer.hasSynced(),
      signal: options.signal,
    });
  }

  /** Call when the runtime has been listed and the node is known. */
  start(): void {
    const { informer, signal } = this.#options;
    informer.addHandlers({
      onAdd: (pod) => {
        if (!this.#isMirror(pod)) this.#add(pod);
      },
      onUpdate: (old, pod) => {
        if (this.#isMirror(pod)) return;
        if (old.metadata.uid !== pod.metadata.uid) {
          this.#remove(old);
          this.#add(pod);
        } else this.#update(pod);
      },
      onDelete: (pod) => {
        if (!this.#isMirror(pod, true)) this.#remove(pod);
      },
    });
    this.#orphans.start(informer.waitForSync(signal));
    informer.waitForSync(signal).then(
      () => this.#options.mirrors?.start(),
      () => undefined,
    );
  }

  /** All static pods there are to be, by what was read last. */
  setStaticPods(list: readonly Pod[]): void {
    const uids = new Set(list.map((pod) => pod.metadata.uid));
    for (const pod of this.#static.values()) {
      if (!uids.has(pod.metadata.uid)) this.#workers.get(pod.metadata.uid)?.remove();
    }
    this.#static.clear();
    for (const pod of list) this.#static.set(fullName(pod), pod);
    this.#startStatic();
    this.#options.mirrors?.setStatic(list);
  }

  #startStatic(): void {
    for (const [name, pod] of this.#static) {
      if (this.#workers.has(pod.metadata.uid)) continue;
      const predecessor = this.pods().some((other) => isStaticPod(other) && fullName(other) === name);
      if (!predecessor) this.#add(pod);
    }
  }

  /** True for a mirror, which is no pod of its own. */
  #isMirror(pod: Pod, gone = false): boolean {
    if (!isMirrorPod(pod)) return false;
    this.#options.mirrors?.observe(pod, { gone });
    return true;
  }

  /** Ends a pod for a reason of the node's; true when there was something to end. */
  end(uid: string, verdict: PodVerdict): boolean {
    const worker = this.#workers.get(uid);
    if (!worker || worker.finished) return false;
    worker.fail(verdict);
    return true;
  }

  isFinished(uid: string): boolean {
    return this.#workers.get(uid)?.finished ?? true;
  }

  pods(): Pod[] {
    return [...this.#workers.values()].map((worker) => worker.pod);
  }

  find(namespace: string, name: string, uid?: string): Pod | undefined {
    return this.pods().find(
      ({ metadata }) =>
        metadata.namespace === namespace && metadata.name === name && (uid === undefined || metadata.uid === uid),
    );
  }

  /** The runtime, a probe or the node has news about a pod. */
  changed(uid: string, state?: PodState): void {
    const worker = this.#workers.get(uid);
    if (worker) {
      worker.publish();
      worker.wake();
    } else if (state) this.#orphans.look();
  }

  contentChanged(uids: readonly string[]): void {
    for (const uid of uids) this.#workers.get(uid)?.contentChanged();
  }

  /** Something that all pods depend on has changed: the network, the node's addresses. */
  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  #add(pod: Pod): void {
    const { uid } = pod.metadata;
    if (this.#workers.has(uid)) {
      this.#update(pod);
      return;
    }
    const rejection = this.#rejection(pod);
    if (!rejection) this.#services.allocations.admit(pod);
    const worker = new PodWorker(pod, {
      services: this.#services,
      backoff: this.#backoff,
      signal: this.#options.signal,
      onGone: (gone) => this.#forget(gone),
      others: () => this.#placed().filter((other) => other.metadata.uid !== uid),
    });
    this.#workers.set(uid, worker);
    this.#services.statuses.observe(pod);
    if (rejection) {
      this.#services.metrics.podRejected(rejection.reason);
      this.#services.events.event(pod, 'Warning', rejection.reason, rejection.message);
      worker.fail({ reason: rejection.reason, message: `Pod was rejected: ${rejection.message}`, rejected: true });
    } else worker.wake();
  }

  /** A pod that already runs here keeps its place, whatever has changed about the node in the meantime. */
  #rejection(pod: Pod): ReturnType<typeof rejectionOf> {
    const { node } = this.#services;
    if (this.#isOld(pod)) return undefined;
    const { refuse, node: apiNode } = this.#options;
    const refusal = refuse?.first(pod);
    if (refusal) return refusal;
    const api = apiNode();
    const misfit = rejectionOf({
      pod,
      others: this.#placed(),
      node: {
        name: node.name,
        labels: api?.metadata.labels ?? {},
        taints: api?.spec?.taints ?? [],
        allocatable: node.allocatable(),
      },
    });
    return misfit ?? refuse?.last(pod);
  }

  /** Pods that take something from the node. */
  #placed(): Pod[] {
    return [...this.#workers.values()].filter((worker) => !worker.finished).map((worker) => worker.promised);
  }

  #isOld(pod: Pod): boolean {
    const runs = this.#services.cache.get(pod.metadata.uid) !== undefined || pod.status?.phase === 'Running';
    return runs || isTerminalPhase(pod.status) || pod.metadata.deletionTimestamp !== undefined;
  }

  #update(pod: Pod): void {
    this.#services.statuses.observe(pod);
    this.#workers.get(pod.metadata.uid)?.update(pod);
  }

  #remove(pod: Pod): void {
    this.#workers.get(pod.metadata.uid)?.remove();
  }

  #forget(uid: string): void {
    this.#workers.delete(uid);
    this.#services.statuses.forget(uid);
    this.#services.prober.forget(uid);
    this.#startStatic();
    this.#orphans.look();
  }
}
