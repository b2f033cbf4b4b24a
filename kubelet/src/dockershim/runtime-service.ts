/** The RuntimeService: every call is handed to the part that knows; what is missing here answers UNIMPLEMENTED. */
import { gitVersion } from '@kubelab/component/identity';
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type { Containers } from './container/containers.js';
import type { EngineFactsSource } from './engine/facts.js';
import type { ContainerEvents } from './events/container-events.js';
import type { StatusCache } from './events/status-cache.js';
import type { HostPorts } from './host-ports/host-ports.js';
import type { LogCopiers } from './logs/log-copiers.js';
import type { PodNetwork } from './network/pod-network.js';
import type { Sandboxes } from './sandbox/sandboxes.js';
import type { Stats } from './stats/stats.js';
import type { StreamingCalls } from './streaming-calls.js';

/** What is known of sandboxes and containers until it changes. */
export interface Statuses {
  sandboxes: StatusCache<cri.PodSandboxStatusInput>;
  containers: StatusCache<cri.ContainerStatusInput>;
}

export interface RuntimeParts {
  facts: EngineFactsSource;
  network: PodNetwork;
  hostPorts: HostPorts;
  sandboxes: Sandboxes;
  containers: Containers;
  logs: LogCopiers;
  stats: Stats;
  statuses: Statuses;
  events: ContainerEvents;
  streaming: StreamingCalls;
}

/** What the version calls of all runtimes name as the version of the interface between kubelet and runtime. */
const kubeletApiVersion = '0.1.0';

export function createRuntimeService(parts: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    ...aboutCalls(parts),
    ...sandboxCalls(parts),
    ...containerCalls(parts),
    ...streamingCalls(parts),
    ...statsCalls(parts),
  };
}

function aboutCalls({ facts, network }: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    version: async () => ({
      version: kubeletApiVersion,
      runtimeName: 'docker',
      runtimeVersion: (await facts.get()).version,
      runtimeApiVersion: 'v1',
    }),
    status: async ({ verbose }) => {
      const { ready, reason, message } = network.current();
      return {
        status: {
          conditions: [await runtimeCondition(facts), { type: 'NetworkReady', status: ready, reason, message }],
        },
        info: verbose ? { dockershim: JSON.stringify({ version: gitVersion }) } : {},
        runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: false, userNamespaces: false } }],
        features: { supplementalGroupsPolicy: false },
      };
    },
    updateRuntimeConfig: async ({ runtimeConfig }) => {
      await network.update(runtimeConfig?.networkConfig?.podCidr ?? '');
      return {};
    },
    runtimeConfig: async () => {
      const { cgroupDriver } = await facts.get();
      return { linux: { cgroupDriver: cgroupDriver === 'systemd' ? 'SYSTEMD' : 'CGROUPFS' } };
    },
  };
}

/** Asked anew each time: an engine that was there a minute ago proves nothing. */
async function runtimeCondition(facts: EngineFactsSource): Promise<cri.RuntimeConditionInput> {
  try {
    facts.forget();
    await facts.get();
    return { type: 'RuntimeReady', status: true };
  } catch (error) {
    const message = `docker: failed to get docker version: ${error instanceof Error ? error.message : String(error)}`;
    return { type: 'RuntimeReady', status: false, reason: 'DockerDaemonNotReady', message };
  }
}

function sandboxCalls({ sandboxes, containers, logs }: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    runPodSandbox: async ({ config, runtimeHandler }) => {
      if (!config) throw new CriError('INVALID_ARGUMENT', 'config is required');
      return { podSandboxId: await sandboxes.run(config, runtimeHandler) };
    },
    stopPodSandbox: async ({ podSandboxId }) => {
      await sandboxes.stop(required('pod_sandbox_id', podSandboxId));
      return {};
    },
    removePodSandbox: async ({ podSandboxId }) => {
      const removed = await sandboxes.remove(required('pod_sandbox_id', podSandboxId));
      await Promise.all(removed.map((id) => logs.forget(id)));
      return {};
    },
    podSandboxStatus: async ({ podSandboxId, verbose }) => {
      const status = await sandboxes.status(required('pod_sandbox_id', podSandboxId));
      if (!verbose) return { status, info: {} };
      const info = await sandboxes.inspect(podSandboxId);
      return { status, info: { pid: String(info.State.Pid), engine: JSON.stringify(info) } };
    },
    listPodSandbox: async ({ filter }) => ({ items: await sandboxes.list(filter) }),
    createContainer: async ({ podSandboxId, config, sandboxConfig }) => ({
      containerId: await containers.create(required('pod_sandbox_id', podSandboxId), config, sandboxConfig),
    }),
  };
}

function containerCalls({ containers, logs }: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    startContainer: async ({ containerId }) => {
      await containers.start(required('container_id', containerId));
      return {};
    },
    stopContainer: async ({ containerId, timeout }) => {
      await containers.stop(required('container_id', containerId), timeout);
      return {};
    },
    removeContainer: async ({ containerId }) => {
      await containers.remove(required('container_id', containerId));
      return {};
    },
    listContainers: async ({ filter }) => ({ containers: await containers.list(filter) }),
    containerStatus: async ({ containerId, verbose }) => {
      const status = await containers.status(required('container_id', containerId));
      return { status, info: verbose ? { pid: String((await containers.inspect(containerId)).State.Pid) } : {} };
    },
    updateContainerResources: async ({ containerId, linux }) => {
      await containers.updateResources(required('container_id', containerId), linux);
      return {};
    },
    reopenContainerLog: async ({ containerId }) => {
      await containers.requireRunning(required('container_id', containerId));
      await logs.reopen(containerId);
      return {};
    },
  };
}

function streamingCalls({ streaming, events }: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    execSync: (request, { signal }) => streaming.execSync(request, signal),
    exec: async (request) => ({ url: await streaming.exec(request) }),
    attach: async (request) => ({ url: await streaming.attach(request) }),
    portForward: async (request) => ({ url: await streaming.portForward(request) }),
    getContainerEvents: (_request, { signal }) => events.listen(signal),
  };
}

function statsCalls({ stats }: RuntimeParts): Partial<cri.RuntimeService> {
  return {
    containerStats: async ({ containerId }) => ({
      stats: await stats.container(required('container_id', containerId)),
    }),
    listContainerStats: async ({ filter }) => ({ stats: await stats.listContainers(filter) }),
    podSandboxStats: async ({ podSandboxId }) => ({
      stats: await stats.sandbox(required('pod_sandbox_id', podSandboxId)),
    }),
    listPodSandboxStats: async ({ filter }) => ({ stats: await stats.listSandboxes(filter) }),
  };
}

function required(name: string, value: string): string {
  if (value === '') throw new CriError('INVALID_ARGUMENT', `${name} must not be empty`);
  return value;
}
