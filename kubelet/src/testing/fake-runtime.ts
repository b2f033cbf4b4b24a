/** A CRI runtime in memory, served over a real unix socket. What its images do is scripted. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CriError } from '@kubelab/proto/cri-error';
import type {
  Container,
  ContainerConfig,
  ContainerEventResponseInput,
  ContainerState,
  ContainerStatusInput,
  ImageService,
  PodSandboxConfig,
  RuntimeService,
} from '@kubelab/proto/generated/runtime-v1';
import { type CriServer, serveCri } from '@kubelab/proto/runtime-v1';

export interface FakeImage {
  /** Undefined: runs until it is stopped. */
  exits?: { code: number; reason?: string; message?: string };
  /** Starting a container fails with this. */
  failsToStart?: string;
  uid?: number;
  username?: string;
  /** Exit code of a process that gets TERM; default 143. */
  onTerm?: number;
  size?: number;
  pinned?: boolean;
  /** Does not stop before KILL. */
  ignoresTerm?: boolean;
}

interface FakeSandbox {
  id: string;
  config: PodSandboxConfig;
  ready: boolean;
  createdAt: number;
  ip: string;
}

export interface FakeContainer {
  id: string;
  sandboxId: string;
  config: ContainerConfig;
  state: ContainerState;
  createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  logPath: string;
}

export class FakeRuntime {
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly containers = new Map<string, FakeContainer>();
  /** Images on the node. */
  readonly images = new Map<string, FakeImage>();
  /** Images that can be pulled. */
  readonly registry = new Map<string, FakeImage>();
  /** Calls by name with their argument, in order. */
  readonly calls: { name: string; argument: unknown }[] = [];
  /** May throw to make a call fail. */
  intercept: (name: string, argument: unknown) => void = () => undefined;
  /** May answer a promise that a call waits for first. */
  hold: (name: string, argument: unknown) => Promise<void> | undefined = () => undefined;
  /** Answers execSync. */
  exec: (container: FakeContainer, cmd: string[]) => { exitCode: number; stdout?: string; stderr?: string } = () => ({
    exitCode: 0,
  });
  /** The URL that exec, attach and port-forward answer with. */
  streamUrl = (): string => 'http://127.0.0.1:1/';
  podCidr = '';
  /** Where images are said to lie. */
  imageFolder = '/';
  #next = 1;
  #server: CriServer | undefined;
  readonly #listeners = new Set<(event: ContainerEventResponseInput) => void>();

  async start(socketPath: string): Promise<void> {
    this.#server = await serveCri(socketPath, {
      runtime: this.#recorded(this.#runtime()),
      image: this.#recorded(this.#images()),
    });
  }

  async stop(): Promise<void> {
    await this.#server?.close(0);
    this.#server = undefined;
  }

  /** A running container's process ends by itself. */
  exit(id: string, code: number, reason = code === 0 ? 'Completed' : 'Error'): void {
    const container = this.#container(id);
    if (container.state !== 'CONTAINER_RUNNING') return;
    Object.assign(container, { state: 'CONTAINER_EXITED', exitCode: code, reason, finishedAt: nanoseconds() });
    this.#tell(container.sandboxId, id, 'CONTAINER_STOPPED_EVENT');
  }

  /** As when the machine was switched off: everything is dead, nothing was told. */
  powerCut(): void {
    for (const sandbox of this.sandboxes.values()) sandbox.ready = false;
    for (const container of this.containers.values()) {
      if (container.state === 'CONTAINER_RUNNING')
        Object.assign(container, {
          state: 'CONTAINER_EXITED',
          exitCode: 137,
          reason: 'Error',
          finishedAt: nanoseconds(),
        });
    }
  }

  running(): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.state === 'CONTAINER_RUNNING');
  }

  named(name: string): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.config.metadata?.name === name);
  }

  callsOf(name: string): unknown[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.argument);
  }

  log(container: FakeContainer, text: string): void {
    appendFileSync(container.logPath, `${new Date().toISOString()} stdout F ${text}\n`);
  }

  #recorded<T extends object>(service: T): T {
    return Object.fromEntries(
      Object.entries(service).map(([name, handler]) => [
        name,
        (argument: unknown, context: unknown) => {
          this.calls.push({ name, argument });
          this.intercept(name, argument);
          const answer = (): unknown =>
            (handler as (argument: unknown, context: unknown) => unknown)(argument, context);
          const held = this.hold(name, argument);
          return held ? held.then(answer) : answer();
        },
      ]),
    ) as T;
  }

  #container(id: string): FakeContainer {
    const found = this.containers.get(id);
    if (!found) throw new CriError('NOT_FOUND', `no such container ${id}`);
    return found;
  }

  #sandbox(id: string): FakeSandbox {
    const found = this.sandboxes.get(id);
    if (!found) throw new CriError('NOT_FOUND', `no such sandbox ${id}`);
    return found;
  }

  #tell(sandboxId: string, containerId: string, type: ContainerEventResponseInput['containerEventType']): void {
    const sandbox = this.sandboxes.get(sandboxId);
    const event: ContainerEventResponseInput = {
      containerId,
      containerEventType: type ?? 'CONTAINER_STARTED_EVENT',
      createdAt: nanoseconds(),
      ...(sandbox ? { podSandboxStatus: this.#sandboxStatus(sandbox) } : {}),
    };
    for (const listener of this.#listeners) listener(event);
  }

  #sandboxStatus(sandbox: FakeSandbox): NonNullable<ContainerEventResponseInput['podSandboxStatus']> {
    return {
      id: sandbox.id,
      metadata: sandbox.config.metadata,
      state: sandbox.ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
      createdAt: sandbox.createdAt,
      network: { ip: sandbox.ready ? sandbox.ip : '' },
      linux: { namespaces: { options: sandbox.config.linux?.securityContext?.namespaceOptions } },
      labels: sandbox.config.labels,
      annotations: sandbox.config.annotations,
    };
  }

  #containerStatus(container: FakeContainer): ContainerStatusInput {
    const { id, config, state, createdAt, startedAt, finishedAt, exitCode, reason, message, logPath } = container;
    return {
      id,
      metadata: config.metadata,
      state,
      createdAt,
      startedAt,
      finishedAt,
      exitCode,
      reason,
      message,
      logPath,
      image: { image: config.image?.userSpecifiedImage },
      imageRef: `repo@${config.image?.image}`,
      imageId: config.image?.image,
      labels: config.labels,
      annotations: config.annotations,
      mounts: config.mounts,
    };
  }

  #runtime(): Partial<RuntimeService> {
    return {
      version: async () => ({ version: '0.1.0', runtimeName: 'fake', runtimeVersion: '1.0', runtimeApiVersion: 'v1' }),
      status: async () => ({
        status: {
          conditions: [
            { type: 'RuntimeReady', status: true },
            {
              type: 'NetworkReady',
              status: this.podCidr !== '',
              reason: 'NetworkPluginNotReady',
              message: 'no pod CIDR yet',
            },
          ],
        },
      }),
      updateRuntimeConfig: async ({ runtimeConfig }) => {
        this.podCidr = runtimeConfig?.networkConfig?.podCidr ?? '';
        return {};
      },
      runPodSandbox: async ({ config }) => this.#runSandbox(config as PodSandboxConfig),
      stopPodSandbox: async ({ podSandboxId }) => {
        const sandbox = this.#sandbox(podSandboxId);
        for (const container of this.containers.values())
          if (container.sandboxId === podSandboxId) this.exit(container.id, 137);
        sandbox.ready = false;
        this.#tell(podSandboxId, podSandboxId, 'CONTAINER_STOPPED_EVENT');
        return {};
      },
      removePodSandbox: async ({ podSandboxId }) => {
        this.sandboxes.delete(podSandboxId);
        for (const container of this.containers.values())
          if (container.sandboxId === podSandboxId) this.containers.delete(container.id);
        return {};
      },
      podSandboxStatus: async ({ podSandboxId }) => ({ status: this.#sandboxStatus(this.#sandbox(podSandboxId)) }),
      listPodSandbox: async ({ filter }) => ({
        items: [...this.sandboxes.values()]
          .filter((sandbox) => hasLabels(sandbox.config.labels, filter?.labelSelector))
          .map((sandbox) => ({ ...this.#sandboxStatus(sandbox) })),
      }),
      listContainers: async ({ filter }) => ({
        containers: [...this.containers.values()]
          .filter((container) => hasLabels(container.config.labels, filter?.labelSelector))
          .map(
            (container): Partial<Container> => ({
              id: container.id,
              podSandboxId: container.sandboxId,
              imageId: container.config.image?.image ?? '',
              metadata: container.config.metadata,
              state: container.state,
              createdAt: container.createdAt,
              labels: container.config.labels,
              annotations: container.config.annotations,
            }),
          ),
      }),
      containerStatus: async ({ containerId }) => ({ status: this.#containerStatus(this.#container(containerId)) }),
      createContainer: async ({ podSandboxId, config, sandboxConfig }) =>
        this.#create(podSandboxId, config as ContainerConfig, sandboxConfig as PodSandboxConfig),
      startContainer: async ({ containerId }) => this.#startContainer(this.#container(containerId)),
      stopContainer: async ({ containerId, timeout }) => {
        const container = this.#container(containerId);
        const image = this.#imageOf(container);
        if (image?.ignoresTerm && timeout > 0) await new Promise((resolve) => setTimeout(resolve, timeout * 1000));
        this.exit(containerId, image?.ignoresTerm ? 137 : (image?.onTerm ?? 143));
        return {};
      },
      removeContainer: async ({ containerId }) => {
        const container = this.containers.get(containerId);
        this.containers.delete(containerId);
        if (container) this.#tell(container.sandboxId, containerId, 'CONTAINER_DELETED_EVENT');
        return {};
      },
      execSync: async ({ containerId, cmd }) => {
        const { exitCode, stdout = '', stderr = '' } = this.exec(this.#container(containerId), cmd);
        return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
      },
      updateContainerResources: async () => ({}),
      listPodSandboxStats: async () => ({ stats: [] }),
      reopenContainerLog: async ({ containerId }) => {
        writeFileSync(this.#container(containerId).logPath, '', { flag: 'a' });
        return {};
      },
      exec: async () => ({ url: this.streamUrl() }),
      attach: async () => ({ url: this.streamUrl() }),
      portForward: async () => ({ url: this.streamUrl() }),
      getContainerEvents: (_request, { signal }) => this.#events(signal),
    };
  }

  #imageBytes(): number {
    return [...this.images.values()].reduce((sum, { size = 1000 }) => sum + size, 0);
  }

  async #runSandbox(config: PodSandboxConfig): Promise<{ podSandboxId: string }> {
    const id = `sandbox-${this.#next++}`;
    this.sandboxes.set(id, { id, config, ready: true, createdAt: nanoseconds(), ip: `10.244.0.${this.#next}` });
    this.#tell(id, id, 'CONTAINER_STARTED_EVENT');
    return { podSandboxId: id };
  }

  async #create(
    sandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
  ): Promise<{ containerId: string }> {
    const id = `container-${this.#next++}`;
    const logPath = join(sandboxConfig.logDirectory, config.logPath);
    this.containers.set(id, {
      id,
      sandboxId: this.#sandbox(sandboxId).id,
      config,
      state: 'CONTAINER_CREATED',
      createdAt: nanoseconds(),
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
      logPath,
    });
    mkdirSync(dirname(logPath), { recursive: true });
    writeFileSync(logPath, '');
    this.#tell(sandboxId, id, 'CONTAINER_CREATED_EVENT');
    return { containerId: id };
  }

  async #startContainer(container: FakeContainer): Promise<Record<string, never>> {
    const image = this.#imageOf(container);
    if (image?.failsToStart) {
      Object.assign(container, {
        state: 'CONTAINER_EXITED',
        exitCode: 128,
        reason: 'StartError',
        message: image.failsToStart,
        finishedAt: nanoseconds(),
      });
      throw new CriError('UNKNOWN', image.failsToStart);
    }
    Object.assign(container, { state: 'CONTAINER_RUNNING', startedAt: nanoseconds() });
    this.#tell(container.sandboxId, container.id, 'CONTAINER_STARTED_EVENT');
    if (image?.exits) {
      const { code, reason, message = '' } = image.exits;
      container.message = message;
      setImmediate(() => this.containers.has(container.id) && this.exit(container.id, code, reason));
    }
    return {};
  }

  #imageOf(container: FakeContainer): FakeImage | undefined {
    return this.images.get((container.config.image?.image ?? '').replace(/^id:/, ''));
  }

  #images(): Partial<ImageService> {
    return {
      listImages: async () => ({
        images: [...this.images].map(([name, { size = 1000, pinned = false }]) => ({
          id: `id:${name}`,
          repoTags: [name],
          size,
          pinned,
        })),
      }),
      imageStatus: async ({ image }) => {
        const name = (image?.image ?? '').replace(/^id:/, '');
        const found = this.images.get(name);
        if (!found) return { image: null };
        return {
          image: {
            id: `id:${name}`,
            repoTags: [name],
            size: 1000,
            username: found.username ?? '',
            ...(found.uid === undefined ? {} : { uid: { value: found.uid } }),
          },
        };
      },
      removeImage: async ({ image }) => {
        this.images.delete((image?.image ?? '').replace(/^id:/, ''));
        return {};
      },
      imageFsInfo: async () => ({
        imageFilesystems: [{ fsId: { mountpoint: this.imageFolder }, usedBytes: { value: this.#imageBytes() } }],
      }),
      pullImage: async ({ image }) => {
        const name = image?.image ?? '';
        const found = this.registry.get(name);
        if (!found) throw new CriError('NOT_FOUND', `failed to pull ${name}: not found`);
        this.images.set(name, found);
        return { imageRef: `id:${name}` };
      },
    };
  }

  async *#events(signal: AbortSignal): AsyncGenerator<ContainerEventResponseInput> {
    const queue: ContainerEventResponseInput[] = [];
    let wake = (): void => undefined;
    const listener = (event: ContainerEventResponseInput): void => {
      queue.push(event);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

function hasLabels(labels: Record<string, string>, wanted: Record<string, string> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => labels[name] === value);
}

let lastTime = 0;
/** Grows with every call, so that newer is always newer. */
function nanoseconds(): number {
  lastTime = Math.max(Date.now(), lastTime + 1);
  return lastTime * 1e6;
}
