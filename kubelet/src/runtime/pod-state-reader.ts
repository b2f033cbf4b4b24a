import { isCriError } from '@kubelab/proto/cri-error';
import type {
  Container,
  PodSandbox,
  PodSandboxStatus,
  RuntimeServiceClient,
} from '@kubelab/proto/generated/runtime-v1';
import { podUidLabel } from './labels.js';
import {
  emptyPodState,
  type PodState,
  podOfLabels,
  type RuntimeContainer,
  toContainer,
  toSandbox,
} from './pod-state.js';

type ReaderClient = Pick<
  RuntimeServiceClient,
  'listPodSandbox' | 'listContainers' | 'podSandboxStatus' | 'containerStatus'
>;

export interface RuntimeListing {
  sandboxes: PodSandbox[];
  containers: Container[];
}

const callTimeoutMs = 120_000;
const killedCode = 137;
const oomKilled = 'OOMKilled';

/**
 * Reads pods from the runtime. What cannot change any more (the status of a container in a given state, the addresses of a sandbox) is asked once,
 * so that reading a pod costs two list calls plus one call per change.
 */
export class PodStateReader {
  readonly #client: ReaderClient;
  readonly #finalWords: (container: RuntimeContainer, logPath: string) => Promise<string>;
  readonly #containers = new Map<string, { state: string; container: RuntimeContainer }>();
  readonly #sandboxes = new Map<string, { state: string; status: PodSandboxStatus }>();

  readonly #killedForMemory: (containerId: string) => boolean;

  /** `finalWords` reads what a finished container left as its termination message; `killedForMemory` may know what the runtime has missed. */
  constructor(
    client: ReaderClient,
    finalWords: (container: RuntimeContainer, logPath: string) => Promise<string> = async () => '',
    killedForMemory: (containerId: string) => boolean = () => false,
  ) {
    this.#client = client;
    this.#finalWords = finalWords;
    this.#killedForMemory = killedForMemory;
  }

  async listAll(): Promise<RuntimeListing> {
    const [sandboxes, containers] = await Promise.all([
      this.#client.listPodSandbox({}, { timeoutMs: callTimeoutMs }),
      this.#client.listContainers({}, { timeoutMs: callTimeoutMs }),
    ]);
    this.#forgetAllBut(sandboxes.items, containers.containers);
    return { sandboxes: sandboxes.items, containers: containers.containers };
  }

  async read(uid: string): Promise<PodState | undefined> {
    const labelSelector = { [podUidLabel]: uid };
    const [sandboxes, containers] = await Promise.all([
      this.#client.listPodSandbox({ filter: { labelSelector } }, { timeoutMs: callTimeoutMs }),
      this.#client.listContainers({ filter: { labelSelector } }, { timeoutMs: callTimeoutMs }),
    ]);
    return this.resolve(uid, { sandboxes: sandboxes.items, containers: containers.containers });
  }

  /** Completes one pod's part of a listing. */
  async resolve(uid: string, listing: RuntimeListing): Promise<PodState | undefined> {
    const sandboxes = listing.sandboxes.filter((sandbox) => sandbox.labels[podUidLabel] === uid);
    const containers = listing.containers.filter((container) => container.labels[podUidLabel] === uid);
    const labels = sandboxes[0]?.labels ?? containers[0]?.labels;
    const pod = labels ? podOfLabels(labels) : undefined;
    if (!pod) return undefined;
    const [sandboxStates, containerStates] = await Promise.all([
      Promise.all(sandboxes.map(async (sandbox) => toSandbox(sandbox, await this.#sandboxStatus(sandbox)))),
      Promise.all(containers.map((container) => this.#containerState(container))),
    ]);
    return {
      ...emptyPodState(pod),
      // By number before time: a clock that was set back must not make the old ones look new.
      sandboxes: sandboxStates.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
      containers: containerStates
        .filter((container) => container !== undefined)
        .sort((a, b) => b.restartCount - a.restartCount || b.createdAt - a.createdAt),
    };
  }

  async #sandboxStatus(sandbox: PodSandbox): Promise<PodSandboxStatus | undefined> {
    const known = this.#sandboxes.get(sandbox.id);
    if (known?.state === sandbox.state) return known.status;
    const response = await unlessGone(
      this.#client.podSandboxStatus({ podSandboxId: sandbox.id }, { timeoutMs: callTimeoutMs }),
    );
    const status = response?.status ?? undefined;
    const complete = status && (status.network?.ip || status.linux?.namespaces?.options?.network === 'NODE');
    if (status && (complete || sandbox.state !== 'SANDBOX_READY'))
      this.#sandboxes.set(sandbox.id, { state: sandbox.state, status });
    return status;
  }

  async #containerState(container: Container): Promise<RuntimeContainer | undefined> {
    const known = this.#containers.get(container.id);
    if (known?.state === container.state) return known.container;
    const response = await unlessGone(
      this.#client.containerStatus({ containerId: container.id }, { timeoutMs: callTimeoutMs }),
    );
    const status = response?.status;
    if (!status) return undefined;
    const found = toContainer(status, container.podSandboxId);
    if (found.state === 'CONTAINER_EXITED') {
      if (found.exitCode === killedCode && found.reason !== oomKilled && this.#killedForMemory(found.id))
        found.reason = oomKilled;
      const words = await this.#finalWords(found, found.logPath);
      if (words !== '') found.message = found.message === '' ? words : `${found.message}: ${words}`;
    }
    this.#containers.set(container.id, { state: status.state, container: found });
    return found;
  }

  #forgetAllBut(sandboxes: PodSandbox[], containers: Container[]): void {
    const ids = new Set([...sandboxes, ...containers].map((item) => item.id));
    for (const map of [this.#sandboxes, this.#containers]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    }
  }
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isCriError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
