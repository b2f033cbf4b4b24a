/** Which namespaces a container gets: the sandbox's, the node's, another container's or its own. */
import { CriError } from '@kubelab/proto/cri-error';
import type { NamespaceOption } from '@kubelab/proto/generated/runtime-v1';
import type { HostConfig } from 'dockerode';

export function refuseUserNamespace(options: NamespaceOption | null | undefined): void {
  if (options?.usernsOptions && options.usernsOptions.mode !== 'NODE') {
    throw new CriError('INVALID_ARGUMENT', 'user namespaces are not supported by this runtime');
  }
}

/** The container joins the sandbox's network and, unless the pod uses the node's, its IPC namespace. */
export function planContainerNamespaces(options: NamespaceOption | null | undefined, sandboxId: string): HostConfig {
  refuseUserNamespace(options);
  const sandbox = `container:${sandboxId}`;
  return {
    NetworkMode: sandbox,
    IpcMode: options?.ipc === 'NODE' ? 'host' : sandbox,
    ...(options?.network === 'NODE' ? { UTSMode: 'host' } : {}),
    ...planPid(options, sandbox),
  };
}

function planPid(options: NamespaceOption | null | undefined, sandbox: string): HostConfig {
  switch (options?.pid) {
    case 'NODE':
      return { PidMode: 'host' };
    case 'POD':
      return { PidMode: sandbox };
    case 'TARGET':
      if (options.targetId === '')
        throw new CriError('INVALID_ARGUMENT', 'target_id is required for a TARGET PID namespace');
      return { PidMode: `container:${options.targetId}` };
    default:
      return {};
  }
}
