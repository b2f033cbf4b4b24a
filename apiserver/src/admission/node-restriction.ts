/** A kubelet writes its own Node, its own pods' status and nothing else. Upstream's NodeRestriction. */

import type { Node, PersistentVolumeClaim, Pod } from '@kubelab/api/types';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { notFound } from '@kubelab/apimachinery/status-error';
import { nodeNameOf } from '../authentication/users.js';
import { referencesOf } from '../authorization/node/pod-references.js';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, ObjectAccess } from '../contracts.js';
import { forbiddenNodeLabels, modifiedLabels } from './node-labels.js';
import { refuse } from './refusal.js';
import { mirrorAnnotation } from './service-account.js';
import { restrictTokenRequest } from './token-restriction.js';

const podsResource = { group: '', resource: 'pods' };
const nodesResource = { group: '', resource: 'nodes' };
const leaseNamespace = 'kube-node-lease';

export interface NodeRestrictionOptions {
  objects: ObjectAccess;
  authorizer: Authorizer;
}

export function createNodeRestriction(options: NodeRestrictionOptions): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    async admit(request) {
      if (request.operation === 'CONNECT') return;
      const nodeName = nodeNameOf(request.user);
      if (nodeName === undefined) return;
      if (nodeName === '') {
        throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
      }
      const { group, plural } = request.definition;
      switch (group === '' ? plural : `${plural}.${group}`) {
        case 'pods':
          return restrictPod(options, request, nodeName);
        case 'nodes':
          return restrictNode(request, nodeName);
        case 'persistentvolumeclaims':
          return restrictClaim(request, nodeName);
        case 'serviceaccounts':
          return restrictTokenRequest(options, request, nodeName);
        case 'leases.coordination.k8s.io':
          return restrictLease(request, nodeName);
        case 'csinodes.storage.k8s.io':
          return restrictOwnName(
            request,
            nodeName,
            'can only access CSINode with the same name as the requesting node',
          );
      }
    },
  };
}

async function restrictPod(
  options: NodeRestrictionOptions,
  request: AdmissionRequest,
  nodeName: string,
): Promise<void> {
  switch (request.subresource) {
    case '':
      if (request.operation === 'CREATE') return restrictPodCreate(options, request, nodeName);
      if (request.operation === 'DELETE') return restrictPodDelete(options, request, nodeName);
      throw refuse(
        request,
        `unexpected operation "${request.operation}", node "${nodeName}" can only create and delete mirror pods`,
      );
    case 'status':
      return restrictPodStatus(request, nodeName);
    case 'eviction':
      return restrictEviction(options, request, nodeName);
    default:
      throw refuse(
        request,
        `unexpected pod subresource ${JSON.stringify(request.subresource)}, only 'status' and 'eviction' are allowed`,
      );
  }
}

async function findPod(objects: ObjectAccess, request: AdmissionRequest, name: string): Promise<Pod> {
  const pod =
    objects.peek<Pod>(podsResource, request.namespace, name) ??
    (await objects.get<Pod>(podsResource, request.namespace, name));
  if (!pod) throw notFound(podsResource, name);
  return pod;
}

async function restrictPodDelete(
  options: NodeRestrictionOptions,
  request: AdmissionRequest,
  nodeName: string,
): Promise<void> {
  const pod = await findPod(options.objects, request, request.name);
  if (pod.spec.nodeName !== nodeName) {
    throw refuse(request, `node "${nodeName}" can only delete pods with spec.nodeName set to itself`);
  }
}

async function restrictEviction(
  options: NodeRestrictionOptions,
  request: AdmissionRequest,
  nodeName: string,
): Promise<void> {
  if (request.operation !== 'CREATE') throw refuse(request, `unexpected operation ${request.operation}`);
  const name = request.name || (request.object?.metadata.name ?? '');
  if (name === '') throw refuse(request, 'could not determine pod from request data');
  const pod = await findPod(options.objects, request, name);
  if (pod.spec.nodeName !== nodeName) {
    throw refuse(request, `node ${nodeName} can only evict pods with spec.nodeName set to itself`);
  }
}

async function restrictPodCreate(
  options: NodeRestrictionOptions,
  request: AdmissionRequest,
  nodeName: string,
): Promise<void> {
  const pod = request.object as unknown as Pod;
  const node = `node "${nodeName}"`;
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) {
    throw refuse(request, `pod does not have "${mirrorAnnotation}" annotation, ${node} can only create mirror pods`);
  }
  if (pod.spec.nodeName !== nodeName)
    throw refuse(request, `${node} can only create pods with spec.nodeName set to itself`);
  await checkOwner(options, request, pod, nodeName);
  if (pod.spec.serviceAccountName)
    throw refuse(request, `${node} can not create pods that reference a service account`);
  const references = referencesOf(pod);
  const kinds: [ReadonlySet<string>, string][] = [
    [references.secrets, 'secrets'],
    [references.configMaps, 'configmaps'],
    [references.claims, 'persistentvolumeclaims'],
  ];
  for (const [names, kind] of kinds) {
    if (names.size > 0) throw refuse(request, `${node} can not create pods that reference ${kind}`);
  }
}

async function checkOwner(
  { objects }: NodeRestrictionOptions,
  request: AdmissionRequest,
  pod: Pod,
  nodeName: string,
): Promise<void> {
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  const can = `node "${nodeName}" can only create pods with`;
  if (others.length > 0) throw refuse(request, `${can} a single owner reference set to itself`);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName) {
    throw refuse(request, `${can} an owner reference set to itself`);
  }
  if (owner.controller !== true) throw refuse(request, `${can} a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) {
    throw refuse(request, `node "${nodeName}" must not set blockOwnerDeletion on an owner reference`);
  }
  const node =
    objects.peek<Node>(nodesResource, undefined, nodeName) ??
    (await objects.get<Node>(nodesResource, undefined, nodeName));
  if (!node) throw notFound(nodesResource, nodeName);
  if (owner.uid !== node.metadata.uid) {
    throw refuse(request, `node ${nodeName} UID mismatch: expected ${owner.uid} got ${node.metadata.uid}`);
  }
}

function restrictPodStatus(request: AdmissionRequest, nodeName: string): void {
  if (request.operation !== 'UPDATE') throw refuse(request, `unexpected operation "${request.operation}"`);
  const [pod, old] = [request.object as unknown as Pod, request.oldObject as unknown as Pod];
  if (old.spec.nodeName !== nodeName) {
    throw refuse(request, `node "${nodeName}" can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!deepEqual({ ...pod.metadata.labels }, { ...old.metadata.labels })) {
    throw refuse(request, `node "${nodeName}" cannot update labels through pod status`);
  }
}

function restrictNode(request: AdmissionRequest, nodeName: string): void {
  // Upstream knows the name at creation too, because it takes it from the object there.
  const requested = request.name || (request.object?.metadata.name ?? '');
  if (requested !== nodeName) {
    throw refuse(request, `node "${nodeName}" is not allowed to modify node "${requested}"`);
  }
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
  const [node, old] = [request.object as unknown as Node, request.oldObject as unknown as Node | undefined];
  const labels = forbiddenNodeLabels(modifiedLabels(node.metadata.labels, old?.metadata.labels)).join(', ');
  if (request.operation === 'CREATE') {
    if (node.spec?.configSource) {
      throw refuse(request, `node "${nodeName}" is not allowed to create pods with a non-nil configSource`);
    }
    if (labels !== '')
      throw refuse(request, `node "${nodeName}" is not allowed to set the following labels: ${labels}`);
    return;
  }
  if (node.spec?.configSource && !deepEqual(node.spec.configSource, old?.spec?.configSource)) {
    throw refuse(request, `node "${nodeName}" is not allowed to update configSource to a new non-nil configSource`);
  }
  if (!deepEqual(node.spec?.taints ?? [], old?.spec?.taints ?? [])) {
    throw refuse(request, `node "${nodeName}" is not allowed to modify taints`);
  }
  if (labels !== '') throw refuse(request, `is not allowed to modify labels: ${labels}`);
}

function restrictClaim(request: AdmissionRequest, nodeName: string): void {
  if (request.subresource !== 'status') throw refuse(request, 'may only update PVC status');
  if (request.operation !== 'UPDATE') throw refuse(request, `unexpected operation "${request.operation}"`);
  if (!deepEqual(claimWithoutSizes(request.object), claimWithoutSizes(request.oldObject))) {
    const what = 'is not allowed to update fields other than status.capacity and status.conditions';
    throw refuse(request, `node "${nodeName}" ${what}`);
  }
}

function claimWithoutSizes(object: UnstructuredObject | undefined): unknown {
  const claim = deepClone(object) as unknown as Partial<PersistentVolumeClaim>;
  const { resourceVersion: _version, managedFields: _fields, ...metadata } = claim.metadata ?? {};
  const status: Record<string, unknown> = { ...claim.status };
  for (const field of ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'])
    delete status[field];
  return { ...claim, metadata, status };
}

function restrictLease(request: AdmissionRequest, nodeName: string): void {
  if (request.namespace !== leaseNamespace) {
    throw refuse(request, `can only access leases in the "${leaseNamespace}" system namespace`);
  }
  restrictOwnName(request, nodeName, 'can only access node lease with the same name as the requesting node');
}

function restrictOwnName(request: AdmissionRequest, nodeName: string, why: string): void {
  const name = request.operation === 'CREATE' ? (request.object?.metadata.name ?? '') : request.name;
  if (name !== nodeName) throw refuse(request, why);
}
