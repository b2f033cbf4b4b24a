/** Defaults and bounds for the resources of pods and claims, per namespace. */

import { amountsOf, podAmounts } from '@kubelab/api/pod/resource-amounts';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { type Bounded, limitProblems } from './limit-constraints.js';
import { isMain, joinProblems, refuse } from './refusal.js';

const limitRanges = { group: '', resource: 'limitranges' };
const annotation = 'kubernetes.io/limit-ranger';

export function createLimitRanger({ objects }: { objects: ObjectAccess }): AdmissionPlugin {
  const rangesFor = (request: AdmissionRequest): LimitRange[] =>
    request.namespace ? objects.peekAll<LimitRange>(limitRanges, request.namespace) : [];
  return {
    name: 'LimitRanger',
    admit(request) {
      if (request.operation !== 'CREATE' || !isMain(request, '', 'pods') || !request.object) return;
      for (const range of rangesFor(request)) setDefaults(request.object as unknown as Pod, range);
    },
    validate(request) {
      if (!request.object || !isLimited(request)) return;
      for (const range of rangesFor(request)) {
        const problems = (range.spec?.limits ?? []).flatMap((item) => problemsOf(request, item));
        if (problems.length > 0) throw refuse(request, joinProblems(problems));
      }
    },
  };
}

/** Resources of a pod are fixed at creation (but for resize); a claim may grow. */
function isLimited(request: AdmissionRequest): boolean {
  if (isMain(request, '', 'persistentvolumeclaims')) return ['CREATE', 'UPDATE'].includes(request.operation);
  if (request.definition.group !== '' || request.definition.plural !== 'pods') return false;
  const isNew = request.operation === 'CREATE' && request.subresource === '';
  return isNew || (request.operation === 'UPDATE' && request.subresource === 'resize');
}

function setDefaults(pod: Pod, range: LimitRange): void {
  const limits = defaultsOf(range, 'default');
  const requests = defaultsOf(range, 'defaultRequest');
  const notes: string[] = [];
  const lists: [string, Container[]][] = [
    ['container', pod.spec.containers ?? []],
    ['init container', pod.spec.initContainers ?? []],
  ];
  for (const [what, containers] of lists) {
    for (const container of containers) {
      const addedRequests = complete(container, 'requests', requests);
      const addedLimits = complete(container, 'limits', limits);
      if (addedRequests) notes.push(`${addedRequests} request for ${what} ${container.name}`);
      if (addedLimits) notes.push(`${addedLimits} limit for ${what} ${container.name}`);
    }
  }
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

function defaultsOf(range: LimitRange, field: 'default' | 'defaultRequest'): Record<string, string> {
  const items = (range.spec?.limits ?? []).filter((item) => item.type === 'Container');
  return Object.assign({}, ...items.map((item) => item[field] ?? {})) as Record<string, string>;
}

/** Returns the names that were added, for the annotation. */
function complete(container: Container, side: 'requests' | 'limits', defaults: Record<string, string>): string {
  const own = container.resources?.[side] ?? {};
  const added = Object.keys(defaults)
    .filter((name) => own[name] === undefined)
    .sort();
  if (added.length === 0) return '';
  container.resources = { ...container.resources, [side]: { ...defaults, ...own } };
  return added.join(', ');
}

function problemsOf(request: AdmissionRequest, item: LimitRangeItem): string[] {
  if (request.definition.plural === 'persistentvolumeclaims') {
    if (item.type !== 'PersistentVolumeClaim') return [];
    const claim = request.object as unknown as PersistentVolumeClaim;
    const requests = amountsOf(claim.spec?.resources?.requests);
    return limitProblems(item, { requests, limits: requests, claim: true });
  }
  const pod = request.object as unknown as Pod;
  if (item.type === 'Pod') {
    // What the sandbox costs is no wish of the pod's.
    const { overhead: _, ...spec } = pod.spec;
    const asked: Pod = { ...pod, spec };
    return limitProblems(item, { requests: podAmounts(asked, 'requests'), limits: podAmounts(asked, 'limits') });
  }
  if (item.type !== 'Container') return [];
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  return containers.flatMap((container) => limitProblems(item, boundedContainer(container)));
}

function boundedContainer(container: Container): Bounded {
  return { requests: amountsOf(container.resources?.requests), limits: amountsOf(container.resources?.limits) };
}
