/** Turns the priority class of a pod into a number. */

import type { Pod, PriorityClass } from '@kubelab/api/types';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { isMain, refuse } from './refusal.js';

const classes = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
const defaultPolicy = 'PreemptLowerPriority';

export interface PriorityOptions {
  objects: ObjectAccess;
}

interface Priority {
  className: string;
  value: number;
  preemptionPolicy: string;
}

export function createPriority({ objects }: PriorityOptions): AdmissionPlugin {
  return {
    name: 'Priority',
    async admit(request) {
      if (!isMain(request, '', 'pods') || !request.object) return;
      const pod = request.object as unknown as Pod;
      if (request.operation === 'CREATE') return setPriority(objects, request, pod);
      if (request.operation === 'UPDATE') keepPriority(pod, request.oldObject as unknown as Pod | undefined);
    },
    validate(request) {
      if (!isMain(request, classes.group, classes.resource) || !request.object) return;
      if (request.operation === 'CREATE' || request.operation === 'UPDATE') checkSingleDefault(objects, request);
    },
  };
}

async function setPriority(objects: ObjectAccess, request: AdmissionRequest, pod: Pod): Promise<void> {
  const { spec } = pod;
  const priority = spec.priorityClassName
    ? await priorityOf(objects, request, spec.priorityClassName)
    : defaultPriority(objects);
  const computed = 'must not be provided in pod spec; priority admission controller computed';
  if (spec.priority !== undefined && spec.priority !== priority.value) {
    throw refuse(
      request,
      `the integer value of priority (${spec.priority}) ${computed} ${priority.value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== priority.preemptionPolicy) {
    throw refuse(
      request,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${computed} ${priority.preemptionPolicy} from the given PriorityClass name`,
    );
  }
  if (priority.className !== '') spec.priorityClassName = priority.className;
  spec.priority = priority.value;
  spec.preemptionPolicy = priority.preemptionPolicy;
}

/** Clients that do not know the fields leave them out of updates. */
function keepPriority(pod: Pod, old: Pod | undefined): void {
  if (pod.spec.priority === undefined && old?.spec.priority !== undefined) pod.spec.priority = old.spec.priority;
  if (pod.spec.preemptionPolicy === undefined && old?.spec.preemptionPolicy !== undefined) {
    pod.spec.preemptionPolicy = old.spec.preemptionPolicy;
  }
}

async function priorityOf(objects: ObjectAccess, request: AdmissionRequest, name: string): Promise<Priority> {
  const found =
    objects.peek<PriorityClass>(classes, undefined, name) ??
    (await objects.get<PriorityClass>(classes, undefined, name));
  if (!found) throw refuse(request, `no PriorityClass with name ${name} was found`);
  return { className: name, value: found.value, preemptionPolicy: found.preemptionPolicy ?? defaultPolicy };
}

/** Of several defaults the one with the lowest value: pods must not gain by accident. */
function defaultPriority(objects: ObjectAccess): Priority {
  const defaults = objects.peekAll<PriorityClass>(classes).filter((candidate) => candidate.globalDefault === true);
  const [lowest] = defaults.sort((left, right) => left.value - right.value);
  if (!lowest) return { className: '', value: 0, preemptionPolicy: defaultPolicy };
  const preemptionPolicy = lowest.preemptionPolicy ?? defaultPolicy;
  return { className: lowest.metadata.name, value: lowest.value, preemptionPolicy };
}

function checkSingleDefault(objects: ObjectAccess, request: AdmissionRequest): void {
  const wanted = request.object as unknown as PriorityClass;
  if (wanted.globalDefault !== true) return;
  const current = objects.peekAll<PriorityClass>(classes).find((candidate) => candidate.globalDefault === true);
  if (!current || (request.operation === 'UPDATE' && current.metadata.name === wanted.metadata.name)) return;
  throw refuse(
    request,
    `PriorityClass ${current.metadata.name} is already marked as default. Only one default can exist`,
  );
}
