import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kubelab/api/types';
import type { SchedulingContext } from '../framework.js';
import { selectNode } from '../select-node.js';
import { makeContext, makeInfo, makeNode, makePod } from '../testing.js';
import { planVolumes, podClaims, volumeBinding } from './volumes.js';

const claim = (name: string, spec: object = {}): PersistentVolumeClaim =>
  ({
    metadata: { name, namespace: 'default', uid: name },
    spec: {
      storageClassName: 'standard',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  }) as unknown as PersistentVolumeClaim;
const volumeOn = (name: string, node: string, storage = '1Gi'): PersistentVolume =>
  ({
    metadata: { name },
    spec: {
      storageClassName: 'standard',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  }) as unknown as PersistentVolume;
const classOf = (provisioner: string, volumeBindingMode = 'WaitForFirstConsumer') =>
  ({ metadata: { name: 'standard' }, provisioner, volumeBindingMode }) as unknown as StorageClass;

const nodes = ['a', 'b'].map((name) => makeNode(name));

function context(more: Partial<SchedulingContext> = {}, claims = [claim('data')]): SchedulingContext {
  const volumes = claims.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: metadata.name },
  }));
  return makeContext(
    makePod('web', { volumes }),
    nodes.map((node) => makeInfo(node)),
    {
      claim: (_namespace, name) => claims.find(({ metadata }) => metadata.name === name),
      storageClass: () => classOf('kubelab.io/local-path'),
      ...more,
    },
  );
}

const decide = (given: SchedulingContext) => {
  const decision = selectNode(given, [volumeBinding], () => 0);
  return 'node' in decision ? decision.node : decision.message;
};

test('a claim that waits for its first pod keeps the pod from no node', () => {
  expect(['a', 'b']).toContain(decide(context()));
  const decisions = planVolumes(podClaims(context()), context(), nodes[0] as never);
  expect(decisions).toMatchObject({ bind: [], provision: [{ metadata: { name: 'data' } }] });
});

test('without a provisioner the pod goes where a free volume is', () => {
  const given = context({
    storageClass: () => classOf('kubernetes.io/no-provisioner'),
    volumes: () => [volumeOn('pv', 'b')],
  });
  expect(decide(given)).toBe('b');
  expect(planVolumes(podClaims(given), given, nodes[1] as never)).toMatchObject({
    bind: [{ volume: { metadata: { name: 'pv' } } }],
    provision: [],
  });
});

test('one volume is not enough for two claims', () => {
  const given = context(
    { storageClass: () => classOf('kubernetes.io/no-provisioner'), volumes: () => [volumeOn('pv', 'b')] },
    [claim('one'), claim('two')],
  );
  expect(decide(given)).toMatch(/2 node\(s\) didn't find available persistent volumes to bind/);
});

test('a claim to be bound at once is waited for', () => {
  expect(decide(context({ storageClass: () => classOf('x', 'Immediate') }))).toMatch(
    /unbound immediate PersistentVolumeClaims/,
  );
});

test('a bound volume holds its pod to its node', () => {
  const given = context({ volume: () => volumeOn('pv', 'b') }, [claim('data', { volumeName: 'pv' })]);
  expect(decide(given)).toBe('b');
  expect(decide(context({ volume: () => volumeOn('pv', 'c') }, [claim('data', { volumeName: 'pv' })]))).toMatch(
    /didn't match PersistentVolume's node affinity/,
  );
});
