import type { Pod, Probe } from '@kubelab/api/types';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { type ContainerSpec, containerFieldPath, isSidecar } from '../pods/pod.js';
import {
  currentSandbox,
  findContainer,
  isRunning,
  type PodState,
  type RuntimeContainer,
} from '../runtime/pod-state.js';
import { countAnswer, isFinal, newCounter, type ProbeCounter } from './probe-counter.js';
import type { ProbeKind, ProbeOutcome, ProbeResults } from './probe-result.js';
import { type ProbeAnswer, runProbe } from './probe-runner.js';

export interface ProberOptions {
  runtime: Pick<RuntimeServiceClient, 'execSync'>;
  events: EventRecorder;
  clock: Clock;
  /** A container's outcome changed: its pod has to be looked at. */
  onChange(podUid: string): void;
  count(kind: ProbeKind, result: string, pod: Pod, container: string): void;
}

interface Watch {
  pod: Pod;
  container: ContainerSpec;
  kind: ProbeKind;
  probe: Probe;
  containerId: string;
  startedAt: number;
  podIP: string;
  counter: ProbeCounter;
  timer: Timer | undefined;
  stopped: boolean;
}

/** Upstream repeats a probe that could not be made before it gives up for this period. */
const attempts = 3;

/** Probes the running containers of all pods and keeps what was found. */
export class Prober implements ProbeResults {
  readonly #options: ProberOptions;
  /** By pod uid, then by `kind/containerId`. */
  readonly #watches = new Map<string, Map<string, Watch>>();
  readonly #outcomes = new Map<string, ProbeOutcome>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  get(kind: ProbeKind, containerId: string): ProbeOutcome | undefined {
    return this.#outcomes.get(`${kind}/${containerId}`);
  }

  /** Starts probing containers that run now and stops for those that do not. A pod that is being ended keeps only its readiness probes. */
  sync(pod: Pod, state: PodState, options: { terminating: boolean; hostIP: string }): void {
    const uid = pod.metadata.uid;
    const known = this.#watches.get(uid) ?? new Map<string, Watch>();
    const wanted = new Map<string, Watch>();
    const podIP = pod.spec.hostNetwork ? options.hostIP : (currentSandbox(state)?.ips[0] ?? '');
    for (const [container, kind, probe] of probesOf(pod)) {
      if (options.terminating && kind !== 'Readiness') continue;
      const running = findContainer(state, container.name);
      if (!running || !isRunning(running)) continue;
      const key = `${kind}/${running.id}`;
      wanted.set(key, known.get(key) ?? this.#begin({ pod, container, kind, probe, running, podIP }));
    }
    for (const [key, watch] of known) if (!wanted.has(key)) this.#end(key, watch);
    if (wanted.size > 0) this.#watches.set(uid, wanted);
    else this.#watches.delete(uid);
  }

  forget(uid: string): void {
    for (const [key, watch] of this.#watches.get(uid) ?? []) this.#end(key, watch);
    this.#watches.delete(uid);
  }

  #begin(found: {
    pod: Pod;
    container: ContainerSpec;
    kind: ProbeKind;
    probe: Probe;
    running: RuntimeContainer;
    podIP: string;
  }): Watch {
    const { pod, container, kind, probe, running, podIP } = found;
    const startedAt = running.startedAt;
    const watch: Watch = {
      pod,
      container,
      kind,
      probe,
      podIP,
      containerId: running.id,
      startedAt,
      counter: this.#firstCounter(pod, kind, running),
      timer: undefined,
      stopped: false,
    };
    this.#outcomes.set(`${kind}/${running.id}`, watch.counter.outcome);
    if (isFinal(kind, watch.counter.outcome)) return watch;
    this.#schedule(watch, this.#initialDelay(watch));
    return watch;
  }

  /** Milliseconds until a container may be probed; never more than was asked for, whatever has become of the clock. */
  #initialDelay({ probe, startedAt }: Watch): number {
    const wanted = (probe.initialDelaySeconds ?? 0) * 1000;
    return Math.min(wanted, Math.max(0, startedAt + wanted - this.#options.clock.now()));
  }

  /** A container that was ready or had started before this kubelet did is so until a probe says otherwise. */
  #firstCounter(pod: Pod, kind: ProbeKind, running: RuntimeContainer): ProbeCounter {
    const counter = newCounter(kind);
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const known = statuses.find((status) => status.containerID?.endsWith(`//${running.id}`));
    const was = kind === 'Startup' ? known?.started : kind === 'Readiness' ? known?.ready : false;
    return was ? { ...counter, outcome: 'Success' } : counter;
  }

  #end(key: string, watch: Watch): void {
    watch.stopped = true;
    watch.timer?.clear();
    this.#outcomes.delete(key);
  }

  #schedule(watch: Watch, ms: number): void {
    watch.timer = this.#options.clock.setTimeout(() => {
      void this.#tick(watch);
    }, ms);
  }

  async #tick(watch: Watch): Promise<void> {
    if (watch.stopped) return;
    const began = this.#options.clock.now();
    const waitsForStartup =
      watch.kind !== 'Startup' && watch.container.startupProbe && this.get('Startup', watch.containerId) !== 'Success';
    if (!waitsForStartup) await this.#probe(watch);
    if (watch.stopped || isFinal(watch.kind, watch.counter.outcome)) {
      // A startup probe that succeeded lets the other probes begin, as early as they want to.
      if (watch.kind === 'Startup' && watch.counter.outcome === 'Success') this.#hurry(watch);
      return;
    }
    const period = (watch.probe.periodSeconds ?? 10) * 1000;
    this.#schedule(watch, Math.max(0, began + period - this.#options.clock.now()));
  }

  #hurry(startup: Watch): void {
    for (const watch of this.#watches.get(startup.pod.metadata.uid)?.values() ?? []) {
      if (watch.containerId !== startup.containerId || watch === startup) continue;
      watch.timer?.clear();
      this.#schedule(watch, this.#initialDelay(watch));
    }
  }

  async #probe(watch: Watch): Promise<void> {
    const answer = await this.#ask(watch);
    if (watch.stopped) return;
    this.#tell(watch, answer);
    if (answer.result === 'error') return;
    const before = watch.counter.outcome;
    const counted = answer.result === 'failure' ? 'failure' : 'success';
    watch.counter = countAnswer(watch.counter, counted, watch.probe);
    if (watch.counter.outcome === before) return;
    this.#outcomes.set(`${watch.kind}/${watch.containerId}`, watch.counter.outcome);
    this.#options.onChange(watch.pod.metadata.uid);
  }

  async #ask(watch: Watch): Promise<ProbeAnswer> {
    const { runtime } = this.#options;
    let answer: ProbeAnswer = { result: 'error', output: '' };
    for (let attempt = 0; attempt < attempts && !watch.stopped; attempt++) {
      answer = await runProbe(watch.probe, watch, runtime);
      if (answer.result !== 'error') break;
    }
    return answer;
  }

  #tell(watch: Watch, answer: ProbeAnswer): void {
    const { events, count } = this.#options;
    const labels: Record<ProbeAnswer['result'], string> = {
      success: 'successful',
      warning: 'successful',
      failure: 'failed',
      error: 'unknown',
    };
    count(watch.kind, labels[answer.result], watch.pod, watch.container.name);
    if (answer.result === 'success') return;
    const fieldPath = containerFieldPath(watch.pod, watch.container.name);
    const tell = (reason: string, message: string): void =>
      events.event(watch.pod, 'Warning', reason, message, { fieldPath });
    if (answer.result === 'failure') tell('Unhealthy', `${watch.kind} probe failed: ${answer.output}`);
    else if (answer.result === 'warning') tell('ProbeWarning', `${watch.kind} probe warning: ${answer.output}`);
    else tell('Unhealthy', `${watch.kind} probe errored and resulted in unknown state: ${answer.output}`);
  }
}

function* probesOf(pod: Pod): Generator<[ContainerSpec, ProbeKind, Probe]> {
  const containers = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  for (const container of containers) {
    if (container.startupProbe) yield [container, 'Startup', container.startupProbe];
    if (container.readinessProbe) yield [container, 'Readiness', container.readinessProbe];
    if (container.livenessProbe) yield [container, 'Liveness', container.livenessProbe];
  }
}
