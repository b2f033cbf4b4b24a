/** Quality of service classes of pods. */
import { parseQuantity, type Quantity } from '@kubelab/apimachinery/quantity';
import type { Container, PodSpec } from '../types.js';

export type QOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const qosResources = ['cpu', 'memory'] as const;

/** Upstream's ComputePodQOS: by the cpu and memory that the containers (init ones too) request and are limited to. */
export function qosClass(spec: PodSpec): QOSClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.flatMap((container) => qosResources.map((name) => amountsOf(container, name)));
  if (amounts.every(({ request, limit }) => !request && !limit)) return 'BestEffort';
  const guaranteed = amounts.every(({ request, limit }) => limit && (!request || request.equals(limit)));
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function amountsOf(container: Container, name: string): { request: Quantity | undefined; limit: Quantity | undefined } {
  return {
    request: positive(container.resources?.requests?.[name]),
    limit: positive(container.resources?.limits?.[name]),
  };
}

function positive(text: string | undefined): Quantity | undefined {
  if (text === undefined) return undefined;
  const quantity = parseQuantity(text);
  return quantity.sign() > 0 ? quantity : undefined;
}
