import type { Pod } from '@kubelab/api/types';
import { type ContainerSpec, isNodeCritical, isSidecar } from '../pods/pod.js';
import { podRequests } from '../pods/pod-requests.js';
import { amountOf, bytesOf } from './amounts.js';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const computeResources = ['cpu', 'memory'] as const;

/** Upstream's v1qos.ComputePodQOS over app and init containers. */
export function qosClassOf(pod: Pod): QosClass {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const podLevel = pod.spec.resources;
  const sources = podLevel?.limits || podLevel?.requests ? [{ resources: podLevel }] : containers;
  let anything = false;
  let guaranteed = true;
  for (const { resources } of sources) {
    for (const name of computeResources) {
      const limit = amountOf(resources?.limits?.[name]);
      const request = resources?.requests?.[name] === undefined ? limit : amountOf(resources.requests[name]);
      if (limit > 0 || request > 0) anything = true;
      if (limit === 0 || request !== limit) guaranteed = false;
    }
  }
  if (!anything) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const guaranteedOomScore = -997;
const bestEffortOomScore = 1000;

/** The kernel's preference for killing a container when the node runs out of memory. `memoryCapacity` in bytes. */
export function oomScoreOf(pod: Pod, container: ContainerSpec, memoryCapacity: number): number {
  if (isNodeCritical(pod)) return guaranteedOomScore;
  const qos = qosClassOf(pod);
  if (qos === 'Guaranteed') return guaranteedOomScore;
  if (qos === 'BestEffort') return bestEffortOomScore;
  const score = Math.trunc(1000 - (1000 * protectedBytes(pod, container)) / memoryCapacity);
  // A burstable container is never safer than a guaranteed one nor less safe than a best effort one.
  if (score < 1000 + guaranteedOomScore) return 1000 + guaranteedOomScore;
  return score === bestEffortOomScore ? score - 1 : score;
}

/** What the container asks for, and its share of what the pod asks for beyond its containers. A sidecar does not go before the others. */
function protectedBytes(pod: Pod, container: ContainerSpec): number {
  const own = memoryRequest(container);
  const isPodSidecar = (pod.spec.initContainers ?? []).some((init) => init.name === container.name && isSidecar(init));
  const least = isPodSidecar ? Math.min(...pod.spec.containers.map(memoryRequest)) : 0;
  return Math.max(own, least) + shareOfRest(pod);
}

function memoryRequest({ resources }: ContainerSpec): number {
  return bytesOf(resources?.requests?.['memory'] ?? resources?.limits?.['memory']);
}

function shareOfRest(pod: Pod): number {
  const { containers, initContainers = [] } = pod.spec;
  const wanted = bytesOf(pod.spec.resources?.requests?.['memory']);
  if (wanted === 0) return 0;
  const ofContainers = podRequests({ ...pod, spec: { containers, initContainers } }).get('memory');
  return Math.trunc((wanted - (ofContainers?.value() ?? 0)) / (containers.length + initContainers.length));
}
