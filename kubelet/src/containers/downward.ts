import type { ObjectFieldSelector, Pod, ResourceFieldSelector } from '@kubelab/api/types';
import { allContainers } from '../pods/pod.js';
import { amountOf, bytesOf, milliOf } from './amounts.js';

/** What the downward API can tell that is not in the pod. */
export interface DownwardContext {
  podIPs: string[];
  hostIPs: string[];
  nodeName: string;
  /** The node's allocatable: what limits default to. */
  allocatable: Record<string, string>;
}

const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** The value of a field reference. Throws an Error with upstream's words for a field that does not exist. */
export function fieldValue(pod: Pod, selector: ObjectFieldSelector, context: DownwardContext): string {
  const path = selector.fieldPath;
  const match = subscript.exec(path);
  if (match) {
    const map = match[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[match[2] as string] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec.nodeName ?? context.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return context.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return context.hostIPs.join(',');
    case 'status.podIP':
      return context.podIPs[0] ?? '';
    case 'status.podIPs':
      return context.podIPs.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** `key="value"` lines, sorted, values quoted as Go quotes them. */
export function formatMap(map: Record<string, string> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key])}`)
    .join('\n');
}

/** The value of a resource reference in units of its divisor, rounded up. */
export function resourceValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  containerName: string,
  context: DownwardContext,
): string {
  const name = selector.containerName || containerName;
  const container = allContainers(pod).find((item) => item.name === name);
  if (!container) throw new Error(`container ${name} not found`);
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource);
  if (!match) throw new Error(`unsupported container resource : ${selector.resource}`);
  const resource = match[2] as string;
  const limit = container.resources?.limits?.[resource];
  const request = container.resources?.requests?.[resource] ?? limit;
  // An unlimited container may use the whole node.
  const quantity = match[1] === 'limits' ? (limit ?? context.allocatable[resource]) : request;
  const divisor = selector.divisor && selector.divisor !== '0' ? selector.divisor : '1';
  if (resource === 'cpu') return String(Math.ceil(milliOf(quantity) / milliOf(divisor)));
  return String(Math.ceil(bytesOf(quantity) / amountOf(divisor)));
}
