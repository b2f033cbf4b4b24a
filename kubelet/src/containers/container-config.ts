import type { Pod } from '@kubelab/api/types';
import type { ContainerConfigInput, MountInput, Signal } from '@kubelab/proto/generated/runtime-v1';
import { type ContainerSpec, gracePeriodOf, namespaceOf } from '../pods/pod.js';
import {
  containerNameLabel,
  gracePeriodAnnotation,
  hashAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  portsAnnotation,
  preStopAnnotation,
  resourcesAnnotation,
  restartCountAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from '../runtime/labels.js';
import { expand } from './expansion.js';
import { linuxResources } from './linux-resources.js';
import { containerLogName } from './paths.js';
import { containerHash } from './sandbox-config.js';
import { type ContainerSecurityOptions, containerSecurity } from './security-context.js';

export interface ContainerConfigOptions {
  restartCount: number;
  /** What the runtime calls the image (its id), as the image manager resolved it. */
  imageRef: string;
  environment: readonly { name: string; value: string }[];
  mounts: MountInput[];
  security: ContainerSecurityOptions;
  /** Bytes. */
  memoryCapacity: number;
}

export function containerConfig(
  pod: Pod,
  container: ContainerSpec,
  options: ContainerConfigOptions,
): ContainerConfigInput {
  const values = new Map(options.environment.map(({ name, value }) => [name, value]));
  const expandAll = (words: string[] | undefined): string[] =>
    (words ?? []).map((word) => expand(word, (name) => values.get(name)));
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name: container.name, attempt: options.restartCount },
    image: { image: options.imageRef, userSpecifiedImage: container.image ?? '' },
    command: expandAll(container.command),
    args: expandAll(container.args),
    workingDir: container.workingDir ?? '',
    envs: options.environment.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: options.mounts,
    labels: {
      [containerNameLabel]: container.name,
      [podNameLabel]: pod.metadata.name,
      [podNamespaceLabel]: namespaceOf(pod),
      [podUidLabel]: pod.metadata.uid,
    },
    annotations: containerAnnotations(pod, container, options.restartCount),
    logPath: containerLogName(container.name, options.restartCount),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: linuxResources(pod, container, options.memoryCapacity),
      securityContext: containerSecurity(pod, container, options.security),
    },
    ...(stopSignal ? { stopSignal: stopSignal as Signal } : {}),
  };
}

function containerAnnotations(pod: Pod, container: ContainerSpec, restartCount: number): Record<string, string> {
  return {
    [hashAnnotation]: containerHash(container),
    [resourcesAnnotation]: JSON.stringify(container.resources ?? {}),
    [restartCountAnnotation]: String(restartCount),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? '/dev/termination-log',
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? 'File',
    [gracePeriodAnnotation]: String(gracePeriodOf(pod)),
    ...(container.ports?.length ? { [portsAnnotation]: JSON.stringify(container.ports) } : {}),
    ...(container.lifecycle?.preStop ? { [preStopAnnotation]: JSON.stringify(container.lifecycle.preStop) } : {}),
  };
}
