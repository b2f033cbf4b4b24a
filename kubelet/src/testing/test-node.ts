/** A whole kubelet in this process, on a fake runtime and a fake cluster. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { events, nodes, pods } from '@kubelab/api/resource-types';
import type { Container, Event, Node, Pod, PodSpec } from '@kubelab/api/types';
import { systemClock } from '@kubelab/component/clock';
import { createLogger, silentLogger } from '@kubelab/component/logger';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { createImageClient, createRuntimeClient } from '@kubelab/proto/runtime-v1';
import type { FakeClock } from '@kubelab/testkit/fake-clock';
import { Registry } from 'prom-client';
import { type Config, flags } from '../config.js';
import type { Mounter } from '../volumes/mounter.js';
import { runNode } from '../wire-node.js';
import { FakeCluster } from './fake-cluster.js';
import { FakeRuntime } from './fake-runtime.js';

/** Mounts that are only written down. */
export class FakeMounter implements Mounter {
  readonly mounts: { kind: string; target: string; source?: string }[] = [];

  async mountTmpfs(path: string): Promise<void> {
    this.mounts.push({ kind: 'tmpfs', target: path });
  }

  async bindMount(source: string, target: string): Promise<void> {
    this.mounts.push({ kind: 'bind', target, source });
  }

  async unmount(path: string): Promise<void> {
    const index = this.mounts.findIndex((mount) => mount.target === path);
    if (index >= 0) this.mounts.splice(index, 1);
  }

  async mountsBelow(path: string): Promise<string[]> {
    return this.mounts
      .map((mount) => mount.target)
      .filter((target) => target === path || target.startsWith(`${path}/`));
  }
}

const patienceMs = 20_000;
/** Of a fake clock with every look. */
const turnMs = 100;

export interface TestNodeOptions {
  /** Runs before the kubelet starts. */
  prepare?: (node: TestNode) => void;
  /** Default: the fake runtime. */
  connect?: () => { runtime: RuntimeServiceClient; imageService: ImageServiceClient };
  mounter?: Mounter;
  config?: Partial<Config>;
  /** Gives the node a folder for static pods. */
  manifests?: boolean;
  clientCa?: Buffer;
  /** Time stands still but for the waiting of until(), which turns it. */
  clock?: FakeClock;
}

export class TestNode {
  readonly cluster = new FakeCluster();
  readonly runtime = new FakeRuntime();
  readonly mounter = new FakeMounter();
  readonly name = 'node-1';
  readonly #options: TestNodeOptions;
  root = '';
  readonly #closables: { close(): void }[] = [];
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(options: TestNodeOptions) {
    this.#options = options;
  }

  static async start(options: TestNodeOptions = {}): Promise<TestNode> {
    const node = new TestNode(options);
    node.root = await mkdtemp(join(tmpdir(), 'kubelet-'));
    if (options.manifests) await mkdir(join(node.root, 'manifests'));
    node.runtime.images.set('app:1', {});
    options.prepare?.(node);
    if (!options.connect) await node.startRuntime();
    try {
      await node.startKubelet();
      return node;
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  get config(): Config {
    const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default])) as Config;
    return {
      ...defaults,
      'root-dir': join(this.root, 'kubelet'),
      'pod-log-dir': join(this.root, 'logs'),
      'hostname-override': this.name,
      'cluster-dns': ['10.96.0.10'],
      'node-ip': '192.0.2.10',
      'eviction-hard': '',
      address: '127.0.0.1',
      port: 0,
      ...(this.#options.manifests ? { 'pod-manifest-path': join(this.root, 'manifests') } : {}),
      ...this.#options.config,
    };
  }

  /** For the next start of the kubelet. */
  configure(config: Partial<Config>): void {
    this.#options.config = { ...this.#options.config, ...config };
  }

  startRuntime(): Promise<void> {
    return this.runtime.start(join(this.root, 'cri.sock'));
  }

  /** Resolves when the node is ready. */
  async startKubelet(): Promise<void> {
    const { runtime, imageService } = this.#options.connect?.() ?? this.#connectFake();
    const logger = process.env['KUBELET_TEST_LOG']
      ? createLogger({ component: 'kubelet', level: 'debug' })
      : silentLogger;
    this.#stop = new AbortController();
    const { config } = this;
    await mkdir(config['root-dir'], { recursive: true });
    this.#running = runNode({
      config,
      context: {
        logger,
        registry: new Registry(),
        clock: this.#options.clock ?? systemClock,
        signal: this.#stop.signal,
      },
      nodeName: this.name,
      client: this.cluster,
      runtime,
      imageService,
      clientCa: this.#options.clientCa,
      version: await runtime.version({}),
      mounter: this.#options.mounter ?? this.mounter,
    });
    await this.until('the node is registered', () => this.cluster.all(nodes)[0]);
    const node = await this.cluster.get<Node>(nodes, this.name);
    await this.cluster.update(nodes, { ...node, spec: { ...node.spec, podCIDR: '10.244.0.0/24' } });
    await this.until('the node is ready', () => {
      const [current] = this.cluster.all(nodes);
      return current?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    });
  }

  #connectFake(): { runtime: RuntimeServiceClient; imageService: ImageServiceClient } {
    const endpoint = `unix://${join(this.root, 'cri.sock')}`;
    const runtime = createRuntimeClient(endpoint);
    const imageService = createImageClient(endpoint);
    this.#closables.push(runtime, imageService);
    return { runtime, imageService };
  }

  async stopKubelet(): Promise<void> {
    this.#stop.abort(new Error('test is over'));
    await this.#running;
    for (const client of this.#closables.splice(0)) client.close();
  }

  async stop(): Promise<void> {
    await this.stopKubelet();
    await this.runtime.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  async createPod(name: string, spec: Partial<PodSpec> & { containers: Container[] }): Promise<Pod> {
    return this.cluster.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
      spec: { nodeName: this.name, restartPolicy: 'Always', terminationGracePeriodSeconds: 1, ...spec },
    });
  }

  pod(name: string): Pod | undefined {
    return this.cluster.all(pods).find((pod) => pod.metadata.name === name);
  }

  deletePod(name: string, gracePeriodSeconds?: number): Promise<void> {
    return this.cluster.delete(pods, name, 'default', gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  }

  /** `Reason: message` of the events about a pod so far. */
  events(pod: string): string[] {
    return this.cluster
      .all(events)
      .filter((event: Event) => event.involvedObject.name === pod)
      .map((event: Event) => `${event.reason}: ${event.message}`);
  }

  untilPod(name: string, what: string, holds: (pod: Pod) => unknown): Promise<Pod> {
    return this.until(`${name}: ${what}`, () => {
      const pod = this.pod(name);
      return pod && holds(pod) ? pod : undefined;
    });
  }

  untilReady(name: string): Promise<Pod> {
    return this.untilPod(name, 'ready', (pod) => conditionOf(pod, 'Ready')?.status === 'True');
  }

  untilGone(name: string): Promise<boolean> {
    return this.until(`${name} is gone`, () => this.pod(name) === undefined);
  }

  /** Lets time pass for a kubelet on a fake clock; milliseconds. */
  async pass(ms: number): Promise<void> {
    await this.#options.clock?.advance(ms);
  }

  /** Looks until there is an answer; says what was last seen when there is none. */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found) return found;
      if (Date.now() > end) {
        const seen = this.cluster.all(pods).map((pod) => [pod.metadata.name, pod.status]);
        throw new Error(`waited in vain until ${what}; pods: ${JSON.stringify(seen, null, 1)}`);
      }
      await this.#options.clock?.advance(turnMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function conditionOf(
  pod: Pod,
  type: string,
): NonNullable<NonNullable<Pod['status']>['conditions']>[number] | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}
