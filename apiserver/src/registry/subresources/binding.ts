/** pods/binding: the one way to give a pod its node. */

import type { Binding, Pod } from '@kubelab/api/types';
import { formatFieldError, notSupported, required } from '@kubelab/apimachinery/field-error';
import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { badRequest, conflict, notFound, unclassifiedError } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import { joinProblems } from '../../admission/refusal.js';
import type { ActionHandler, RequestContext } from '../../contracts.js';
import { storeOf } from '../create.js';
import type { Engine } from '../engine.js';
import { type Resource, storageKey } from '../resources.js';
import { uidMismatch } from '../uid-mismatch.js';
import { setPodCondition } from './pod-condition.js';

const podBinding = { group: '', resource: 'pods/binding' };

export function createBindingHandler(engine: Engine, pods: Resource): ActionHandler {
  return {
    async create(context, body, { dryRun }) {
      const binding = body as unknown as Binding;
      const name = podName(context, binding);
      validateBinding(binding, name);
      const store = storeOf(pods, 'create');
      const key = storageKey(context.info.namespace, name);
      const assign = (current: UnstructuredObject | undefined): UnstructuredObject => {
        if (!current) throw notFound(pods.groupResource, name);
        checkUid(current as unknown as Pod, binding, store.pathOf(key));
        return assigned(current as unknown as Pod, binding, timestamp(engine.clock));
      };
      if (dryRun) assign((await store.get(key))?.object);
      else await store.update(key, (current) => ({ action: 'write', object: assign(current?.object) }));
      return { code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    },
  };
}

function podName(context: RequestContext, binding: Binding): string {
  const given = binding.metadata?.name ?? '';
  const { name } = context.info;
  if (name !== '' && given !== name) {
    throw badRequest('name in URL does not match name in Binding object');
  }
  const namespace = binding.metadata?.namespace ?? '';
  if (namespace !== '' && namespace !== context.info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return name === '' ? given : name;
}

/** Upstream passes these on as they are, so that they are a 500 and no 422. */
function validateBinding(binding: Binding, name: string): void {
  const errors = [];
  const { kind = '', name: node = '' } = binding.target ?? {};
  if (kind !== '' && kind !== 'Node') errors.push(notSupported('target.kind', kind, ['Node', '<empty>']));
  if (node === '') errors.push(required('target.name'));
  if (errors.length > 0) throw unclassifiedError(joinProblems(errors.map(formatFieldError)));
  if (name === '') throw badRequest('Name parameter required.');
}

function checkUid({ metadata: { name, uid } }: Pod, binding: Binding, path: string): void {
  const wanted = binding.metadata?.uid;
  if (wanted && wanted !== uid) throw conflict(podBinding, name, uidMismatch(path, wanted, uid));
}

function assigned(current: Pod, binding: Binding, now: string): UnstructuredObject {
  const { name, deletionTimestamp } = current.metadata;
  const refuse = (why: string): Error => conflict(podBinding, name, why);
  if (deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (current.spec?.nodeName) {
    throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(current.spec.nodeName)}`);
  }
  if (current.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const pod = deepClone(current);
  if (pod.spec) pod.spec.nodeName = binding.target.name ?? '';
  const { annotations, labels } = binding.metadata ?? {};
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  setPodCondition(pod, { type: 'PodScheduled', status: 'True' }, now);
  return pod as unknown as UnstructuredObject;
}
