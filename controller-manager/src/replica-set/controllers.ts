/** ReplicaSets and ReplicationControllers: the same work on two kinds. */

import { replicaSets, replicationControllers } from '@kubelab/api/resource-types';
import type { ReplicaSet, ReplicationController } from '@kubelab/api/types';
import { selectorFromLabelSelector, selectorFromSet } from '@kubelab/apimachinery/labels';
import type { ControllerDefinition } from '../manager/context.js';
import { createReplicaRunnable, type ReplicaKind } from './controller.js';

const replicaSetKind: ReplicaKind<ReplicaSet> = {
  type: replicaSets,
  selector: (object) => selectorFromLabelSelector(object.spec.selector),
  template: (object) => object.spec.template,
  facts: ({ spec }) => ({
    replicas: spec.replicas ?? 1,
    minReadySeconds: spec.minReadySeconds ?? 0,
    templateLabels: spec.template?.metadata?.labels ?? {},
  }),
};

const replicationControllerKind: ReplicaKind<ReplicationController> = {
  type: replicationControllers,
  selector: (object) => selectorFromSet(object.spec?.selector),
  template: (object) => object.spec?.template,
  facts: ({ spec }) => ({
    replicas: spec?.replicas ?? 1,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    templateLabels: spec?.template?.metadata?.labels ?? {},
  }),
};

export const replicaSetController: ControllerDefinition = {
  name: 'replicaset-controller',
  serviceAccount: 'replicaset-controller',
  enabled: () => true,
  create: (context) => createReplicaRunnable(context, 'replicaset', replicaSetKind),
};

export const replicationController: ControllerDefinition = {
  name: 'replicationcontroller-controller',
  serviceAccount: 'replication-controller',
  enabled: () => true,
  create: (context) => createReplicaRunnable(context, 'replicationcontroller', replicationControllerKind),
};
