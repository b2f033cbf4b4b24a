import type { LifecycleHandler, Pod } from '@kubelab/api/types';
import type { Clock } from '@kubelab/component/clock';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';

import { resolvePort } from '../probes/ports.js';
import { httpGetFollowing } from '../probes/redirects.js';
import { tcpConnect } from '../probes/tcp-connect.js';
import { type ContainerSpec, formatPod } from './pod.js';

export interface HookTarget {
  pod: Pod;
  container: ContainerSpec;
  containerId: string;
  podIP: string;
}

export interface HookRunnerOptions {
  runtime: Pick<RuntimeServiceClient, 'execSync'>;
  clock: Clock;
}

const networkTimeoutMs = 30_000;

/** Runs postStart and preStop handlers. */
export class HookRunner {
  readonly #options: HookRunnerOptions;

  constructor(options: HookRunnerOptions) {
    this.#options = options;
  }

  /** Resolves when the handler has ended well; rejects with upstream's message otherwise, or when the signal aborts. */
  async run(handler: LifecycleHandler, target: HookTarget, signal?: AbortSignal): Promise<void> {
    if (handler.exec) return this.#exec(handler.exec.command ?? [], target, signal);
    if (handler.sleep) return this.#options.clock.sleep(handler.sleep.seconds * 1000, signal);
    if (handler.httpGet) return this.#http(handler, target);
    if (handler.tcpSocket) {
      const { host, port } = handler.tcpSocket;
      return tcpConnect(host || target.podIP, resolvePort(port, target.container), networkTimeoutMs);
    }
    throw new Error(`invalid handler: ${JSON.stringify(handler)}`);
  }

  async #exec(cmd: string[], target: HookTarget, signal: AbortSignal | undefined): Promise<void> {
    const answer = await this.#options.runtime.execSync(
      { containerId: target.containerId, cmd, timeout: 0 },
      { signal },
    );
    if (answer.exitCode === 0) return;
    const output = Buffer.concat([answer.stdout, answer.stderr]).toString('utf8');
    throw new Error(
      `Exec lifecycle hook ([${cmd.join(' ')}]) for Container "${target.container.name}" in Pod "${formatPod(target.pod)}" failed - error: command '${cmd.join(' ')}' exited with ${answer.exitCode}: ${output}, message: ${JSON.stringify(output)}`,
    );
  }

  async #http(handler: LifecycleHandler, target: HookTarget): Promise<void> {
    const { scheme, host, port, path, httpHeaders } = handler.httpGet ?? { port: 0 };
    // Whatever the server answers counts as done: upstream looks only at whether it could be asked.
    await httpGetFollowing({
      scheme: scheme ?? 'HTTP',
      host: host || target.podIP,
      port: resolvePort(port, target.container),
      path: path ?? '/',
      headers: httpHeaders ?? [],
      timeoutMs: networkTimeoutMs,
      userAgent: 'kube-lifecycle/1.34',
    });
  }
}
