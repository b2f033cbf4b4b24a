import type { DeploymentCondition } from '@kubelab/api/types';
import { ago, deployment, now, replicaSet } from '../testing/objects.js';
import { deploymentStatus, untilDeadline } from './status.js';

const condition = (type: string, status: string, reason: string, updatedAgo = 60): DeploymentCondition => ({
  type,
  status,
  reason,
  message: 'm',
  lastUpdateTime: ago(updatedAgo),
  lastTransitionTime: ago(updatedAgo),
});
const progressing = (status: ReturnType<typeof deploymentStatus>): DeploymentCondition | undefined =>
  status.conditions?.find(({ type }) => type === 'Progressing');

describe('counts', () => {
  test('are summed, zero counts are left out', () => {
    const status = deploymentStatus({
      deployment: deployment('web'),
      newSet: replicaSet('new', { replicas: 2, available: 1 }),
      oldSets: [replicaSet('old', { replicas: 2, available: 2 })],
      nowMs: now,
    });
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 4,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 1,
    });
    expect(
      deploymentStatus({ deployment: deployment('web'), newSet: undefined, oldSets: [], nowMs: now }),
    ).not.toHaveProperty('replicas');
  });
});

describe('Available', () => {
  test.each([
    [3, 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.'],
    [2, 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'],
  ])('with %i of 3 available: %s', (available, status, reason, message) => {
    const { conditions } = deploymentStatus({
      deployment: deployment('web'),
      newSet: replicaSet('new', { available }),
      oldSets: [],
      nowMs: now,
    });
    expect(conditions?.[0]).toMatchObject({ type: 'Available', status, reason, message, lastTransitionTime: ago(0) });
  });
});

describe('Progressing', () => {
  const at = (parts: {
    old?: DeploymentCondition;
    available?: number;
    replicas?: number;
    spec?: Parameters<typeof deployment>[1];
    was?: object;
    progress?: { reason: string; message: string; failed?: boolean };
  }) => {
    const status = { ...parts.was, ...(parts.old ? { conditions: [parts.old] } : {}) };
    return deploymentStatus({
      deployment: deployment('web', parts.spec, { status }),
      newSet: replicaSet('new', { replicas: parts.replicas ?? 3, available: parts.available ?? 0 }),
      oldSets: [],
      nowMs: now,
      progress: parts.progress,
    });
  };

  test('done: all replicas are new and available', () => {
    expect(progressing(at({ available: 3, old: condition('Progressing', 'True', 'ReplicaSetUpdated') }))).toEqual({
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "new" has successfully progressed.',
      lastUpdateTime: ago(0),
      lastTransitionTime: ago(60),
    });
  });

  test('every bit of progress moves lastUpdateTime, and with it the deadline', () => {
    const old = condition('Progressing', 'True', 'ReplicaSetUpdated', 599);
    const next = at({
      old,
      available: 2,
      was: { replicas: 3, updatedReplicas: 3, availableReplicas: 1, readyReplicas: 1 },
    });
    expect(progressing(next)).toMatchObject({
      reason: 'ReplicaSetUpdated',
      lastUpdateTime: ago(0),
      lastTransitionTime: ago(599),
    });
  });

  test('without progress for the deadline it has failed, and stays so', () => {
    const was = { replicas: 3, updatedReplicas: 3, availableReplicas: 1, readyReplicas: 1 };
    const late = at({ old: condition('Progressing', 'True', 'ReplicaSetUpdated', 601), available: 1, was });
    expect(progressing(late)).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "new" has timed out progressing.',
    });
    const still = condition('Progressing', 'False', 'ProgressDeadlineExceeded', 5);
    expect(progressing(at({ old: still, available: 1, was }))).toEqual(still);
  });

  test('a finished rollout stays finished when a pod dies and comes back', () => {
    const old = condition('Progressing', 'True', 'NewReplicaSetAvailable', 9999);
    const was = { replicas: 3, updatedReplicas: 3, availableReplicas: 2, readyReplicas: 2 };
    expect(progressing(at({ old, available: 2, was }))).toEqual(old);
    expect(progressing(at({ old, available: 3, was }))).toEqual(old);
  });

  test('pausing and resuming', () => {
    const running = condition('Progressing', 'True', 'ReplicaSetUpdated');
    expect(progressing(at({ old: running, spec: { paused: true } }))).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
    });
    const paused = condition('Progressing', 'Unknown', 'DeploymentPaused');
    expect(progressing(at({ old: paused }))).toMatchObject({ status: 'Unknown', reason: 'DeploymentResumed' });
  });

  test('pausing does not hide that the deadline passed', () => {
    const failed = condition('Progressing', 'False', 'ProgressDeadlineExceeded');
    expect(progressing(at({ old: failed, spec: { paused: true } }))).toEqual(failed);
  });

  test('without a deadline there is no such condition', () => {
    expect(progressing(at({ spec: { progressDeadlineSeconds: 2 ** 31 - 1 } }))).toBeUndefined();
  });

  test('a ReplicaSet that could not be created is told', () => {
    const progress = {
      reason: 'ReplicaSetCreateError',
      message: 'Failed to create new replica set "x": no',
      failed: true,
    };
    expect(progressing(at({ progress }))).toMatchObject({ status: 'False', reason: 'ReplicaSetCreateError' });
    expect(progressing(at({ progress }))).not.toHaveProperty('failed');
  });
});

test('a failing ReplicaSet is quoted, and forgotten when it recovers', () => {
  const failing = replicaSet('new');
  failing.status = {
    ...failing.status,
    replicas: 0,
    conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' }],
  };
  const input = { deployment: deployment('web'), oldSets: [], nowMs: now };
  const status = deploymentStatus({ ...input, newSet: failing });
  expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'ReplicaFailure', message: 'quota' }));
  const later = deploymentStatus({
    ...input,
    deployment: deployment('web', {}, { status }),
    newSet: replicaSet('new'),
  });
  expect(later.conditions?.map(({ type }) => type)).not.toContain('ReplicaFailure');
});

test('untilDeadline wakes up just after the deadline', () => {
  const status = { conditions: [condition('Progressing', 'True', 'ReplicaSetUpdated', 100)] };
  expect(untilDeadline(deployment('web'), status, now)).toBe(501_000);
  expect(untilDeadline(deployment('web', { paused: true }), status, now)).toBeUndefined();
});
