import { mkdir } from 'node:fs/promises';
import type { Pod } from '@kubelab/api/types';
import type { PodSandboxConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { logDirectoryOf } from '../containers/paths.js';
import { podHostname } from '../containers/pod-hostname.js';
import { type DnsPolicy, podDns } from '../containers/resolv-conf.js';
import { sandboxConfig } from '../containers/sandbox-config.js';
import { goError } from '../images/image-manager.js';
import { namespaceOf } from './pod.js';
import type { PodServices } from './pod-services.js';
import { runtimeHandlerOf } from './runtime-handler.js';

const sandboxPriority = 0;

/** CRI's description of the pod, as both the sandbox and its containers need it. */
export async function makeSandboxConfig(
  services: PodServices,
  pod: Pod,
  attempt: number,
): Promise<PodSandboxConfigInput> {
  const { settings, events, cgroups } = services;
  const { config, warnings } = podDns({
    namespace: namespaceOf(pod),
    policy: (pod.spec.dnsPolicy ?? 'ClusterFirst') as DnsPolicy,
    hostNetwork: pod.spec.hostNetwork === true,
    ...(pod.spec.dnsConfig ? { dnsConfig: pod.spec.dnsConfig } : {}),
    node: await settings.nodeDns(),
    clusterDns: settings.clusterDns,
    clusterDomain: settings.clusterDomain,
  });
  for (const warning of warnings) events.event(pod, 'Warning', warning.reason, warning.message);
  return sandboxConfig(pod, {
    attempt,
    paths: settings.paths,
    hostname: podHostname(pod, settings.clusterDomain),
    dns: config,
    cgroupParent: await cgroups.ensure(pod),
    seccompRoot: settings.seccompRoot,
  });
}

/** Makes the pod's network and pause process. Rejects with what the runtime said, after an event. */
export async function startSandbox(
  services: PodServices,
  pod: Pod,
  config: PodSandboxConfigInput,
  signal: AbortSignal,
): Promise<string> {
  const { client, runtime, cache, slots, events, clock, metrics, settings } = services;
  await mkdir(logDirectoryOf(settings.paths, pod), { recursive: true, mode: 0o755 });
  return slots.use(
    sandboxPriority,
    async () => {
      const startedAt = clock.now();
      try {
        const runtimeHandler = await runtimeHandlerOf(client, pod);
        // Not cancelled with the signal: a half-made sandbox would be left to the garbage collector.
        const run = () => runtime.runPodSandbox({ config, runtimeHandler });
        const answer = await cache.holding(pod.metadata.uid, run);
        metrics.runtimeOperation('run_podsandbox', (clock.now() - startedAt) / 1000, false);
        return answer.podSandboxId;
      } catch (error) {
        metrics.runtimeOperation('run_podsandbox', (clock.now() - startedAt) / 1000, true);
        events.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${goError(error)}`);
        throw error;
      }
    },
    signal,
  );
}
