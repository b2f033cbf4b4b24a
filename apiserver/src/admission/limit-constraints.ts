/** The bounds of one LimitRange item against the amounts of one container, pod or claim. Pure. */

import type { ResourceAmounts } from '@kubelab/api/pod/resource-amounts';
import type { LimitRangeItem } from '@kubelab/api/types';
import { parseQuantity, type Quantity } from '@kubelab/apimachinery/quantity';

export interface Bounded {
  requests: ResourceAmounts;
  limits: ResourceAmounts;
  /** A claim has requests only: its maximum is about them. */
  claim?: boolean;
}

/** In upstream's words (with its two spaces after a full stop); empty when everything is within bounds. */
export function limitProblems(item: LimitRangeItem, bounded: Bounded): string[] {
  return [
    ...each(item.min, (name, bound) => minProblem(item.type, name, bound, bounded)),
    ...each(item.max, (name, bound) => maxProblem(item.type, name, bound, bounded)),
    ...each(item.maxLimitRequestRatio, (name, bound) => ratioProblem(item.type, name, bound, bounded)),
  ];
}

function each(
  bounds: Readonly<Record<string, string>> | undefined,
  check: (name: string, bound: Quantity) => string | undefined,
): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => check(name, parseQuantity(bound)) ?? []);
}

function minProblem(type: string, name: string, bound: Quantity, { requests, limits }: Bounded): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const text = `minimum ${name} usage per ${type} is ${bound}`;
  if (!request) return `${text}.  No request is specified`;
  if (request.compare(bound) < 0) return `${text}, but request is ${request}`;
  if (limit && limit.compare(bound) < 0) return `${text}, but limit is ${limit}`;
  return undefined;
}

function maxProblem(type: string, name: string, bound: Quantity, bounded: Bounded): string | undefined {
  const [request, limit] = [bounded.requests.get(name), bounded.limits.get(name)];
  const text = `maximum ${name} usage per ${type} is ${bound}`;
  if (bounded.claim) {
    if (!request) return `${text}.  No request is specified`;
    return request.compare(bound) > 0 ? `${text}, but request is ${request}` : undefined;
  }
  if (!limit) return `${text}.  No limit is specified`;
  if (limit.compare(bound) > 0) return `${text}, but limit is ${limit}`;
  if (request && request.compare(bound) > 0) return `${text}, but request is ${request}`;
  return undefined;
}

function ratioProblem(type: string, name: string, bound: Quantity, { requests, limits }: Bounded): string | undefined {
  const [request, limit] = [requests.get(name), limits.get(name)];
  const text = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (!request || request.isZero()) return `${text}, but no request is specified or request is 0`;
  if (!limit || limit.isZero()) return `${text}, but no limit is specified or limit is 0`;
  const ratio = limit.toNumber() / request.toNumber();
  return ratio > bound.toNumber() ? `${text}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}
