/** Pure: what the engine says about a pause container, as the CRI's sandbox. */
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import { decodeLabels, parseSandboxName } from '../engine/names.js';
import { nanoseconds } from '../engine/time.js';

export function reportSandbox(info: Docker.ContainerInspectInfo): cri.PodSandboxStatusInput {
  const { labels, annotations } = decodeLabels(info.Config.Labels);
  const hostNetwork = info.HostConfig.NetworkMode === 'host';
  return {
    id: info.Id,
    metadata: parseSandboxName(info.Name),
    state: info.State.Running ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
    createdAt: nanoseconds(info.Created),
    network: { ip: hostNetwork ? '' : sandboxAddress(info) },
    linux: {
      namespaces: {
        options: {
          network: hostNetwork ? 'NODE' : 'POD',
          pid: info.HostConfig.PidMode === 'host' ? 'NODE' : 'CONTAINER',
          ipc: info.HostConfig.IpcMode === 'host' ? 'NODE' : 'POD',
        },
      },
    },
    labels,
    annotations,
  };
}

/** The sandbox's address in the pod network, empty while it has none. */
export function sandboxAddress(info: Docker.ContainerInspectInfo): string {
  for (const network of Object.values(info.NetworkSettings.Networks ?? {})) {
    if (network?.IPAddress) return network.IPAddress;
  }
  return '';
}

/** Undefined for a container whose name is not a sandbox's. */
export function reportListedSandbox(info: Docker.ContainerInfo): cri.PodSandboxInput | undefined {
  const metadata = parseSandboxName(info.Names[0] ?? '');
  if (!metadata) return undefined;
  return {
    id: info.Id,
    metadata,
    state: info.State === 'running' ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
    createdAt: info.Created * 1e9,
    ...decodeLabels(info.Labels),
  };
}
