import type { Container, Pod, PodSpec } from '@kubelab/api/types';
import { containerHash } from '../containers/sandbox-config.js';
import type { ProbeKind, ProbeOutcome } from '../probes/probe-result.js';
import type { PodState, RuntimeContainer, RuntimeSandbox } from '../runtime/pod-state.js';
import { isEmptyPlan, planPod } from './plan.js';

const app: Container = { name: 'app', image: 'app:1' };

function podOf(spec: Partial<PodSpec>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [app], ...spec },
  };
}

function sandbox(id: string, more: Partial<RuntimeSandbox> = {}): RuntimeSandbox {
  return { id, attempt: 0, ready: true, createdAt: 1, ips: ['10.0.0.1'], hostNetwork: false, ...more };
}

function container(name: string, more: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: `${name}-id`,
    name,
    sandboxId: 's0',
    state: 'CONTAINER_RUNNING',
    restartCount: 0,
    createdAt: 1,
    startedAt: 1,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'app:1',
    imageRef: 'app:1',
    hash: containerHash({ name, image: 'app:1' }),
    logPath: '',
    mounts: [],
    annotations: {},
    ...more,
  };
}

const exited = (exitCode: number): Partial<RuntimeContainer> => ({
  state: 'CONTAINER_EXITED',
  exitCode,
  finishedAt: 2,
});

function stateOf(sandboxes: RuntimeSandbox[], containers: RuntimeContainer[] = []): PodState {
  return { uid: 'u', name: 'p', namespace: 'ns', sandboxes, containers };
}

function plan(
  pod: Pod,
  state: PodState,
  outcomes: Partial<Record<`${ProbeKind}/${string}`, ProbeOutcome>> = {},
): ReturnType<typeof planPod> {
  return planPod({ pod, state, probes: { get: (kind, id) => outcomes[`${kind}/${id}`] } });
}

describe('planPod', () => {
  test('a new pod gets a sandbox and its containers', () => {
    expect(plan(podOf({}), stateOf([]))).toMatchObject({
      killPod: false,
      createSandbox: true,
      attempt: 0,
      app: ['app'],
      init: [],
    });
  });

  test('a pod with init containers starts the first of them only', () => {
    const initContainers = [{ name: 'one' }, { name: 'two' }];
    expect(plan(podOf({ initContainers }), stateOf([]))).toMatchObject({ createSandbox: true, init: ['one'], app: [] });
  });

  test('a pod that runs as it should has an empty plan', () => {
    expect(isEmptyPlan(plan(podOf({}), stateOf([sandbox('s0')], [container('app')])))).toBe(true);
  });

  test('a dead sandbox is replaced by the next attempt', () => {
    const state = stateOf([sandbox('s0', { ready: false, attempt: 2 })], [container('app', exited(137))]);
    expect(plan(podOf({}), state)).toMatchObject({ killPod: true, createSandbox: true, attempt: 3, app: ['app'] });
  });

  test('a pod that is never restarted does not get a second sandbox', () => {
    const state = stateOf([sandbox('s0', { ready: false })], [container('app', exited(0))]);
    expect(plan(podOf({ restartPolicy: 'Never' }), state)).toMatchObject({
      killPod: true,
      createSandbox: false,
      app: [],
    });
  });

  test('two ready sandboxes are one too many', () => {
    const state = stateOf([sandbox('s1', { attempt: 1 }), sandbox('s0')]);
    expect(plan(podOf({}), state)).toMatchObject({ killPod: true, createSandbox: true, attempt: 2 });
  });

  test.each([
    ['Always', 0, ['app']],
    ['Always', 1, ['app']],
    ['OnFailure', 0, []],
    ['OnFailure', 1, ['app']],
    ['Never', 1, []],
  ])('restartPolicy %s after exit code %i starts %j', (restartPolicy, code, started) => {
    const state = stateOf([sandbox('s0')], [container('app', exited(code))]);
    const result = plan(podOf({ restartPolicy }), state);
    expect(result.app).toEqual(started);
    expect(result.killPod).toBe(started.length === 0);
  });

  test('one that is done does not end a pod in which another one runs', () => {
    const containers = [app, { name: 'other', image: 'app:1' }];
    const state = stateOf([sandbox('s0')], [container('app', exited(0)), container('other')]);
    expect(isEmptyPlan(plan(podOf({ restartPolicy: 'OnFailure', containers }), state))).toBe(true);
  });

  test('a container whose image changed is killed and started again', () => {
    const changed = podOf({ restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:2' }] });
    expect(plan(changed, stateOf([sandbox('s0')], [container('app')]))).toMatchObject({
      kill: [{ id: 'app-id', message: 'Container app definition changed, will be restarted' }],
      app: ['app'],
    });
  });

  test('a failed liveness probe kills, and restarts unless the policy forbids it', () => {
    const state = stateOf([sandbox('s0')], [container('app')]);
    const failed = { 'Liveness/app-id': 'Failure' } as const;
    expect(plan(podOf({}), state, failed)).toMatchObject({
      kill: [{ message: 'Container app failed liveness probe, will be restarted', probe: 'Liveness' }],
      app: ['app'],
    });
    expect(plan(podOf({ restartPolicy: 'Never' }), state, failed).kill).toMatchObject([
      { message: 'Container app failed liveness probe' },
    ]);
  });

  test('a container that was created and never started is started anew', () => {
    const state = stateOf([sandbox('s0')], [container('app', { state: 'CONTAINER_CREATED', startedAt: 0 })]);
    expect(plan(podOf({}), state).app).toEqual(['app']);
  });

  test('a container in an unknown state is killed first', () => {
    const state = stateOf([sandbox('s0')], [container('app', { state: 'CONTAINER_UNKNOWN' })]);
    expect(plan(podOf({}), state)).toMatchObject({ kill: [{ id: 'app-id' }], app: ['app'] });
  });

  test('a new ephemeral container is started, an old one never again', () => {
    const ephemeralContainers = [{ name: 'debug' }, { name: 'old' }];
    const state = stateOf([sandbox('s0')], [container('app'), container('old', exited(0))]);
    expect(plan(podOf({ ephemeralContainers }), state).ephemeral).toEqual(['debug']);
  });

  describe('with init containers', () => {
    const initContainers = [
      { name: 'one', image: 'app:1' },
      { name: 'two', image: 'app:1' },
    ];

    test.each([
      ['waits for one that runs', [container('one')], [], []],
      ['starts the next after one that succeeded', [container('one', exited(0))], ['two'], []],
      ['repeats one that failed', [container('one', exited(1))], ['one'], []],
      [
        'starts the app when all have succeeded',
        [container('two', exited(0)), container('one', exited(0))],
        [],
        ['app'],
      ],
      ['needs no history once the app has run', [container('app')], [], []],
      [
        'starts over when nothing of this sandbox is known',
        [container('one', { ...exited(0), sandboxId: 'earlier' })],
        ['one'],
        [],
      ],
    ])('%s', (_title, containers, init, started) => {
      const result = plan(podOf({ initContainers }), stateOf([sandbox('s0')], containers));
      expect([result.init, result.app]).toEqual([init, started]);
    });

    test('one that fails ends a pod that is never restarted', () => {
      const state = stateOf([sandbox('s0')], [container('one', exited(1))]);
      expect(plan(podOf({ initContainers, restartPolicy: 'Never' }), state)).toMatchObject({
        killPod: true,
        init: [],
        app: [],
      });
    });
  });

  describe('with a sidecar', () => {
    const side: Container = { name: 'side', image: 'app:1', restartPolicy: 'Always' };
    const initContainers = [side, { name: 'two', image: 'app:1' }];

    test('goes on to the next one as soon as the sidecar runs', () => {
      expect(plan(podOf({ initContainers }), stateOf([sandbox('s0')], [container('side')])).init).toEqual(['two']);
    });

    test('waits for the sidecar’s startup probe', () => {
      const probed = [
        { ...side, startupProbe: { exec: { command: ['x'] } } },
        { name: 'two', image: 'app:1' },
      ];
      const state = stateOf([sandbox('s0')], [container('side')]);
      expect(plan(podOf({ initContainers: probed }), state).init).toEqual([]);
      expect(plan(podOf({ initContainers: probed }), state, { 'Startup/side-id': 'Success' }).init).toEqual(['two']);
    });

    test('restarts a sidecar that ended, whatever the pod’s policy', () => {
      const state = stateOf(
        [sandbox('s0')],
        [container('app'), container('two', exited(0)), container('side', exited(0))],
      );
      expect(plan(podOf({ initContainers, restartPolicy: 'Never' }), state).init).toEqual(['side']);
    });

    test('does not keep the pod alive when the app is done', () => {
      const state = stateOf(
        [sandbox('s0')],
        [container('app', exited(0)), container('two', exited(0)), container('side')],
      );
      expect(plan(podOf({ initContainers, restartPolicy: 'Never' }), state)).toMatchObject({
        killPod: true,
        init: [],
        app: [],
      });
    });
  });
});
