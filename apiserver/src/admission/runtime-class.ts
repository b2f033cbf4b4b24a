/** Overhead and placement that a RuntimeClass brings to its pods. */

import type { Pod, RuntimeClass, Toleration } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { isMain, refuse } from './refusal.js';

const classesResource = { group: 'node.k8s.io', resource: 'runtimeclasses' };

export function createRuntimeClass({ objects }: { objects: ObjectAccess }): AdmissionPlugin {
  const find = async (request: AdmissionRequest): Promise<[Pod, RuntimeClass | undefined] | undefined> => {
    if (request.operation !== 'CREATE' || !isMain(request, '', 'pods') || !request.object) return undefined;
    const pod = request.object as unknown as Pod;
    const name = pod.spec.runtimeClassName;
    if (!name) return [pod, undefined];
    const found =
      objects.peek<RuntimeClass>(classesResource, undefined, name) ??
      (await objects.get<RuntimeClass>(classesResource, undefined, name));
    if (!found) throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return [pod, found];
  };
  return {
    name: 'RuntimeClass',
    async admit(request) {
      const [pod, runtimeClass] = (await find(request)) ?? [];
      if (!pod || !runtimeClass) return;
      setOverhead(request, pod, runtimeClass);
      setScheduling(request, pod, runtimeClass);
    },
    async validate(request) {
      const [pod, runtimeClass] = (await find(request)) ?? [];
      if (!pod) return;
      const overhead = runtimeClass?.overhead?.podFixed;
      if (runtimeClass && overhead && !deepEqual(overhead, pod.spec.overhead)) {
        throw refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
      if (!overhead && pod.spec.overhead && Object.keys(pod.spec.overhead).length > 0) {
        throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      }
    },
  };
}

function setOverhead(request: AdmissionRequest, pod: Pod, runtimeClass: RuntimeClass): void {
  const overhead = runtimeClass.overhead?.podFixed;
  if (!overhead) return;
  if (pod.spec.overhead && !deepEqual(pod.spec.overhead, overhead)) {
    throw refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  pod.spec.overhead = { ...overhead };
}

function setScheduling(request: AdmissionRequest, pod: Pod, runtimeClass: RuntimeClass): void {
  const { nodeSelector = {}, tolerations = [] } = runtimeClass.scheduling ?? {};
  const merged = { ...pod.spec.nodeSelector };
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = merged[key];
    if (own !== undefined && own !== value) {
      throw refuse(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
    merged[key] = value;
  }
  if (Object.keys(merged).length > 0) pod.spec.nodeSelector = merged;
  const all: Toleration[] = [...(pod.spec.tolerations ?? [])];
  for (const toleration of tolerations) {
    if (!all.some((known) => deepEqual(known, toleration))) all.push(toleration);
  }
  if (all.length > 0) pod.spec.tolerations = all;
}
