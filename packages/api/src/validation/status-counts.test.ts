import { formatFieldError } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { daemonSet } from '../apps/daemon-set.js';
import { statefulSet } from '../apps/stateful-set.js';
import { horizontalPodAutoscaler } from '../autoscaling/horizontal-pod-autoscaler.js';
import { replicationController } from '../core/replication-controller.js';
import type { ResourceDefinition } from '../resource.js';
import { decoded } from '../testing.js';

function statusErrors(definition: ResourceDefinition, now: object, old: object = {}): string[] {
  const [object, before] = [now, old].map((status) => decoded<UnstructuredObject>(definition, { status }));
  const errors = definition.hooks.validateStatusUpdate?.(object as UnstructuredObject, before as UnstructuredObject);
  return (errors ?? []).map(formatFieldError);
}

it.each<[string, ResourceDefinition, object, object, string[]]>([
  ['a daemon set that is fine', daemonSet, { numberReady: 1, collisionCount: 2 }, { collisionCount: 2 }, []],
  [
    'a daemon set',
    daemonSet,
    { numberReady: -1, collisionCount: 1 },
    { collisionCount: 2 },
    [
      'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ],
  ],
  [
    'a stateful set',
    statefulSet,
    { replicas: 1, readyReplicas: 1, currentReplicas: 2, availableReplicas: 2, observedGeneration: -1 },
    {},
    [
      'status.observedGeneration: Invalid value: -1: must be greater than or equal to 0',
      'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas',
    ],
  ],
  [
    'a replication controller',
    replicationController,
    { replicas: 2, fullyLabeledReplicas: 3, readyReplicas: 1, availableReplicas: 2 },
    {},
    [
      'status.fullyLabeledReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas',
    ],
  ],
  [
    'an autoscaler',
    horizontalPodAutoscaler,
    { currentReplicas: -1, desiredReplicas: 0 },
    {},
    ['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
])('the status of %s', (_what, definition, now, old, expected) => {
  expect(statusErrors(definition, now, old)).toEqual(expected);
});
