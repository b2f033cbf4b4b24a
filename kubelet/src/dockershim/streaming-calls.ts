/** The calls that start streams: they check the target, then hand out a URL for the client. */
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import type { Containers } from './container/containers.js';
import { execSync } from './exec/exec-sync.js';
import { PodDialer } from './exec/pod-dialer.js';
import { remoteAttach, remoteExec } from './exec/remote-exec.js';
import { sandboxAddress } from './sandbox/report.js';
import type { Sandboxes } from './sandbox/sandboxes.js';
import type { StreamSelection } from './streaming/remote-streams.js';
import type { StreamingServer } from './streaming/server.js';

export interface StreamingCallsOptions {
  docker: Docker;
  clock: Clock;
  logger: Logger;
  containers: Containers;
  sandboxes: Sandboxes;
  server: StreamingServer;
  runDirectory: string;
}

export class StreamingCalls {
  constructor(private readonly options: StreamingCallsOptions) {}

  /** Needs no look at the container first: the engine refuses one that is not there or does not run. */
  execSync(request: cri.ExecSyncRequest, signal: AbortSignal): Promise<cri.ExecSyncResponseInput> {
    const { containerId, cmd: command, timeout: timeoutSeconds } = request;
    if (containerId === '') throw new CriError('INVALID_ARGUMENT', 'container_id must not be empty');
    return execSync(this.options, { containerId, command, timeoutSeconds, signal });
  }

  async exec(request: cri.ExecRequest): Promise<string> {
    const { containers, server } = this.options;
    const selection = checkedSelection(request);
    if (request.cmd.length === 0) throw new CriError('INVALID_ARGUMENT', 'cmd must not be empty');
    const { Id: containerId } = await containers.requireRunning(request.containerId);
    const command = remoteExec(this.options, { containerId, command: request.cmd, tty: request.tty });
    return server.register({ kind: 'exec', selection, command });
  }

  async attach(request: cri.AttachRequest): Promise<string> {
    const { containers, server } = this.options;
    const { Id: containerId, Config } = await containers.requireRunning(request.containerId);
    // Whether there is a terminal was decided when the container was made.
    const selection = checkedSelection({ ...request, tty: Config.Tty });
    const stdinOnce = Config.StdinOnce;
    const command = remoteAttach(this.options, { containerId, tty: Config.Tty, stdinOnce, stdin: request.stdin });
    return server.register({ kind: 'attach', selection, command });
  }

  async portForward({ podSandboxId, port: ports }: cri.PortForwardRequest): Promise<string> {
    const { sandboxes, server, runDirectory } = this.options;
    const info = await sandboxes.inspect(podSandboxId);
    if (!info.State.Running) throw new CriError('FAILED_PRECONDITION', `sandbox not running (${podSandboxId})`);
    const address = info.HostConfig.NetworkMode === 'host' ? '' : sandboxAddress(info);
    const target = { sandboxId: info.Id, address, pid: info.State.Pid, runDirectory };
    return server.register({ kind: 'portforward', ports, createForwarder: () => new PodDialer(target) });
  }
}

function checkedSelection({ stdin, stdout, stderr, tty }: StreamSelection): StreamSelection {
  if (tty && stderr) throw new CriError('INVALID_ARGUMENT', 'tty and stderr cannot both be true');
  if (!stdin && !stdout && !stderr) {
    throw new CriError('INVALID_ARGUMENT', 'one of stdin, stdout, or stderr must be set');
  }
  return { stdin, stdout, stderr, tty };
}
