import type { Pod } from '@kubelab/api/types';
import { type ContainerStatusInput, containerStatuses } from './container-status.js';
import type { ContainerKind } from './pod.js';

function waiting(kind: ContainerKind, initContainers: Pod['spec']['initContainers']): unknown {
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }], initContainers } } as unknown as Pod;
  const [status] = containerStatuses({
    pod,
    kind,
    containers: [{ name: 'c', image: 'i' }],
    old: [],
    state: { containers: [] } as unknown as ContainerStatusInput['state'],
    probes: { get: () => undefined } as unknown as ContainerStatusInput['probes'],
    failures: new Map(),
    runtimeName: 'docker',
  });
  return status?.state;
}

// Clients take any other reason of an init container that has not started for a failure.
test.each<ContainerKind>(['init', 'app', 'ephemeral'])(
  'an %s container of a pod with init containers waits for the pod to initialize',
  (kind) => {
    expect(waiting(kind, [{ name: 'i' }])).toEqual({ waiting: { reason: 'PodInitializing' } });
  },
);

test('a container of a pod without init containers is being created', () => {
  expect(waiting('app', undefined)).toEqual({ waiting: { reason: 'ContainerCreating' } });
});
