/** Probes and hooks that name a host would let a pod make the kubelet call other machines. */

import type { LifecycleHandler, Probe } from '@kubelab/api/types';
import {
  type AnyContainer,
  containersOf,
  containersText,
  type Finding,
  type PodLike,
  plural,
  quote,
  sorted,
} from './findings.js';

export function hostProbes(pod: PodLike): Finding | undefined {
  const bad = containersOf(pod).filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(bad.map((container) => container.name));
  const hosts = sorted(bad.flatMap(hostsOf));
  const what = plural(hosts.length, 'probe or lifecycle host', 'probe or lifecycle hosts');
  const detail = `${containersText(names)} ${plural(names.length, 'uses', 'use')} ${what} ${quote(hosts)}`;
  return { reason: 'probe or lifecycle host', detail };
}

function hostsOf(container: AnyContainer): string[] {
  const handlers: (Probe | LifecycleHandler | undefined)[] = [
    container.livenessProbe,
    container.readinessProbe,
    container.startupProbe,
    container.lifecycle?.postStart,
    container.lifecycle?.preStop,
  ];
  return handlers.flatMap((handler) =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host) => host),
  ) as string[];
}
