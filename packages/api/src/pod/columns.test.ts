import { pod } from '../core/pod.js';
import { row } from '../testing.js';

const ago = (minutes: number): string => new Date(Date.parse('2024-05-01T12:00:00Z') - minutes * 60_000).toISOString();
const running = (name: string, more: object = {}) => ({
  name,
  image: 'i',
  imageID: '',
  ready: true,
  restartCount: 0,
  state: { running: {} },
  ...more,
});
const waiting = (name: string, reason: string, more: object = {}) =>
  running(name, { ready: false, state: { waiting: { reason } }, ...more });
const terminated = (name: string, state: object, more: object = {}) =>
  running(name, { ready: false, state: { terminated: { exitCode: 0, ...state } }, ...more });
const spec = (more: object = {}) => ({ containers: [{ name: 'a' }, { name: 'b' }], ...more });
const one = { containers: [{ name: 'a' }] };
const init = (...names: string[]) => ({ ...one, initContainers: names.map((name) => ({ name })) });
const sidecar = { ...one, initContainers: [{ name: 's', restartPolicy: 'Always' }] };

/** READY, STATUS, RESTARTS. */
const cases: [string, object, string, string, string][] = [
  ['is pending', { spec: one, status: { phase: 'Pending' } }, '0/1', 'Pending', '0'],
  [
    'runs',
    { spec: spec(), status: { phase: 'Running', containerStatuses: [running('a'), running('b')] } },
    '2/2',
    'Running',
    '0',
  ],
  [
    'has restarted',
    {
      spec: one,
      status: {
        phase: 'Running',
        containerStatuses: [
          running('a', { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: ago(5) } } }),
        ],
      },
    },
    '1/1',
    'Running',
    '3 (5m ago)',
  ],
  [
    'crashes again and again',
    {
      spec: one,
      status: {
        phase: 'Running',
        containerStatuses: [
          waiting('a', 'CrashLoopBackOff', {
            restartCount: 7,
            lastState: { terminated: { exitCode: 1, finishedAt: ago(2) } },
          }),
        ],
      },
    },
    '0/1',
    'CrashLoopBackOff',
    '7 (2m ago)',
  ],
  [
    'cannot pull',
    { spec: one, status: { phase: 'Pending', containerStatuses: [waiting('a', 'ErrImagePull')] } },
    '0/1',
    'ErrImagePull',
    '0',
  ],
  [
    'completed',
    { spec: one, status: { phase: 'Succeeded', containerStatuses: [terminated('a', { reason: 'Completed' })] } },
    '0/1',
    'Completed',
    '0',
  ],
  [
    'failed',
    { spec: one, status: { phase: 'Failed', containerStatuses: [terminated('a', { reason: 'Error', exitCode: 1 })] } },
    '0/1',
    'Error',
    '0',
  ],
  [
    'ended without a reason',
    { spec: one, status: { phase: 'Failed', containerStatuses: [terminated('a', { exitCode: 3 })] } },
    '0/1',
    'ExitCode:3',
    '0',
  ],
  [
    'was killed by a signal',
    { spec: one, status: { phase: 'Failed', containerStatuses: [terminated('a', { exitCode: 137, signal: 9 })] } },
    '0/1',
    'Signal:9',
    '0',
  ],
  [
    'has one container left',
    {
      spec: spec(),
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [terminated('a', { reason: 'Completed' }), running('b')],
      },
    },
    '1/2',
    'Running',
    '0',
  ],
  [
    'has one container left and is not ready',
    {
      spec: spec(),
      status: { phase: 'Running', containerStatuses: [terminated('a', { reason: 'Completed' }), running('b')] },
    },
    '1/2',
    'NotReady',
    '0',
  ],
  [
    'is initializing',
    {
      spec: init('i', 'j'),
      status: { phase: 'Pending', initContainerStatuses: [terminated('i', {}), waiting('j', 'PodInitializing')] },
    },
    '0/1',
    'Init:1/2',
    '0',
  ],
  [
    'cannot start an init container',
    { spec: init('i'), status: { phase: 'Pending', initContainerStatuses: [waiting('i', 'ImagePullBackOff')] } },
    '0/1',
    'Init:ImagePullBackOff',
    '0',
  ],
  [
    'failed to initialize',
    {
      spec: init('i'),
      status: {
        phase: 'Pending',
        initContainerStatuses: [terminated('i', { reason: 'Error', exitCode: 1 }, { restartCount: 2 })],
      },
    },
    '0/1',
    'Init:Error',
    '2',
  ],
  [
    'failed to initialize without a reason',
    { spec: init('i'), status: { phase: 'Pending', initContainerStatuses: [terminated('i', { exitCode: 2 })] } },
    '0/1',
    'Init:ExitCode:2',
    '0',
  ],
  [
    'runs with a sidecar',
    {
      spec: sidecar,
      status: {
        phase: 'Running',
        initContainerStatuses: [running('s', { started: true })],
        containerStatuses: [running('a')],
      },
    },
    '2/2',
    'Running',
    '0',
  ],
  [
    'is being deleted',
    {
      metadata: { deletionTimestamp: ago(0) },
      spec: one,
      status: { phase: 'Running', containerStatuses: [running('a')] },
    },
    '1/1',
    'Terminating',
    '0',
  ],
  [
    'is being deleted after its end',
    {
      metadata: { deletionTimestamp: ago(0) },
      spec: one,
      status: { phase: 'Succeeded', containerStatuses: [terminated('a', { reason: 'Completed' })] },
    },
    '0/1',
    'Completed',
    '0',
  ],
  [
    'is lost with its node',
    {
      metadata: { deletionTimestamp: ago(0) },
      spec: one,
      status: { phase: 'Running', reason: 'NodeLost', containerStatuses: [running('a')] },
    },
    '1/1',
    'Unknown',
    '0',
  ],
  ['was evicted', { spec: one, status: { phase: 'Failed', reason: 'Evicted' } }, '0/1', 'Evicted', '0'],
  [
    'waits at a gate',
    {
      spec: one,
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    },
    '0/1',
    'SchedulingGated',
    '0',
  ],
];

test.each(cases)('a pod that %s', (_, object, ready, status, restarts) => {
  expect(row(pod, object as Record<string, unknown>)).toMatchObject({
    Ready: ready,
    Status: status,
    Restarts: restarts,
  });
});

test('the other columns', () => {
  const cells = row(pod, {
    metadata: { name: 'web-1' },
    spec: { ...one, nodeName: 'node-1', readinessGates: [{ conditionType: 'x/a' }, { conditionType: 'x/b' }] },
    status: { podIPs: [{ ip: '10.244.1.5' }], conditions: [{ type: 'x/a', status: 'True' }] },
  });
  expect(cells).toMatchObject({
    Name: 'web-1',
    Age: '60m',
    IP: '10.244.1.5',
    Node: 'node-1',
    'Nominated Node': '<none>',
    'Readiness Gates': '1/2',
  });
  expect(row(pod, { spec: one })).toMatchObject({ IP: '<none>', Node: '<none>', 'Readiness Gates': '<none>' });
});

test('columns are those of upstream', () => {
  expect(pod.columns.map(({ name, priority }) => [name, priority])).toEqual([
    ['Name', 0],
    ['Ready', 0],
    ['Status', 0],
    ['Restarts', 0],
    ['Age', 0],
    ['IP', 1],
    ['Node', 1],
    ['Nominated Node', 1],
    ['Readiness Gates', 1],
  ]);
  expect(pod.columns[5]?.description).toContain('IP address');
});

test('rows of pods that are over say so', () => {
  const conditions = (phase: string): unknown =>
    pod.hooks.rowConditions?.({ metadata: {}, spec: one, status: { phase } } as never);
  const completed = { type: 'Completed', status: 'True' };
  expect(conditions('Succeeded')).toEqual([
    { ...completed, reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ]);
  expect(conditions('Failed')).toEqual([{ ...completed, reason: 'Failed', message: 'The pod failed.' }]);
  expect(conditions('Running')).toEqual([]);
});
