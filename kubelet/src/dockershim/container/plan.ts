/** Pure: the engine's create request for one container of a pod. */
import { join } from 'node:path/posix';
import { CriError } from '@kubelab/proto/cri-error';
import type { ContainerConfig, PodSandboxConfig, Signal } from '@kubelab/proto/generated/runtime-v1';
import type { ContainerCreateOptions } from 'dockerode';
import { containerName, containerType, encodeLabels, label } from '../engine/names.js';
import { planDevices, planMounts } from './mounts.js';
import { planContainerNamespaces } from './namespaces.js';
import { planResources } from './resources.js';
import { planSecurity, type SecurityOptions, userOf } from './security.js';

export interface ContainerPlanOptions extends SecurityOptions {
  sandboxId: string;
  cgroupParent: string;
  clampOomScore(wanted: number): number;
}

export function planContainer(
  config: ContainerConfig,
  pod: PodSandboxConfig,
  options: ContainerPlanOptions,
): ContainerCreateOptions {
  if (!config.metadata?.name || !pod.metadata) {
    throw new CriError(
      'INVALID_ARGUMENT',
      'container config must include metadata with a name, and sandbox_config its own',
    );
  }
  if (!config.image?.image) throw new CriError('INVALID_ARGUMENT', 'container config must name an image');
  if (config.CDIDevices.length > 0)
    throw new CriError('INVALID_ARGUMENT', 'CDI devices are not supported by this runtime');
  const security = config.linux?.securityContext;
  const resources = config.linux?.resources;
  const user = userOf(security?.runAsUser, security?.runAsGroup, security?.runAsUsername ?? '');
  return {
    name: containerName(config.metadata, pod.metadata),
    Image: config.image.image,
    // An empty list would mean "no entry point"; undefined keeps the image's own.
    ...(config.command.length > 0 ? { Entrypoint: config.command } : {}),
    ...(config.args.length > 0 ? { Cmd: config.args } : {}),
    Env: config.envs.map(({ key, value }) => `${key}=${value.toString('utf8')}`),
    ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
    ...(user === undefined ? {} : { User: user }),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdinOnce,
    ...(config.stopSignal === 'RUNTIME_DEFAULT' ? {} : { StopSignal: signalName(config.stopSignal) }),
    Labels: planLabels(config, pod, options.sandboxId),
    // A health check of the image would run beside the pod's own probes.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...planContainerNamespaces(security?.namespaceOptions, options.sandboxId),
      ...planSecurity(security, options),
      ...planResources(resources),
      ...(resources ? { OomScoreAdj: options.clampOomScore(resources.oomScoreAdj) } : {}),
      ...(options.cgroupParent === '' ? {} : { CgroupParent: options.cgroupParent }),
      Mounts: planMounts(config.mounts),
      Devices: planDevices(config.devices),
      // The copier frees what it has read; a size that is never reached also takes the place of the engine's default.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1000t', 'max-file': '1' } },
      RestartPolicy: { Name: 'no' },
    },
  };
}

function planLabels(config: ContainerConfig, pod: PodSandboxConfig, sandboxId: string): Record<string, string> {
  return encodeLabels(config.labels, config.annotations, {
    [label.type]: containerType,
    [label.sandboxId]: sandboxId,
    [label.logPath]: config.logPath ? join(pod.logDirectory, config.logPath) : '',
    [label.image]: config.image?.userSpecifiedImage || config.image?.image || '',
  });
}

/** `SIGRTMINPLUS3` is `SIGRTMIN+3` to the engine. */
export function signalName(signal: Signal): string {
  return signal.replace('PLUS', '+').replace('MINUS', '-');
}

/** The other way round; a signal given by number or one the CRI has no name for is the default. */
export function signalOf(name: string | undefined): Signal {
  const text = (name ?? '').toUpperCase().replace('+', 'PLUS').replace('-', 'MINUS');
  return /^SIG[A-Z0-9]+$/.test(text) ? (text as Signal) : 'RUNTIME_DEFAULT';
}
