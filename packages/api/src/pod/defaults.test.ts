import { pod } from '../core/pod.js';
import { decoded, prepared } from '../testing.js';
import type { Pod } from '../types.js';
import { defaultPullPolicy, imageTag } from './image-name.js';

test('a minimal pod gets upstream’s defaults', () => {
  const object = prepared<Pod>(pod, {
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx',
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        },
      ],
      volumes: [{ name: 'a' }, { name: 'b', secret: { secretName: 's' } }, { name: 'c', hostPath: { path: '/tmp' } }],
    },
  });
  expect(object.spec).toEqual({
    containers: [
      {
        name: 'web',
        image: 'nginx',
        imagePullPolicy: 'Always',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        livenessProbe: {
          httpGet: { port: 80, path: '/', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP', apiVersion: 'v1' } } }],
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    volumes: [
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'c', hostPath: { path: '/tmp', type: '' } },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  });
  expect(object.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
});

test('defaulting twice changes nothing', () => {
  const once = decoded<Pod>(pod, {
    spec: { hostNetwork: true, serviceAccount: 'x', containers: [{ name: 'a', ports: [{ containerPort: 1 }] }] },
  });
  const twice = structuredClone(once);
  pod.hooks.default?.(twice as never);
  expect(twice).toEqual(once);
  expect(once.spec.containers[0]?.ports).toEqual([{ containerPort: 1, hostPort: 1, protocol: 'TCP' }]);
  expect(once.spec.serviceAccountName).toBe('x');
});

test('limits are requested, and decide the class', () => {
  const withResources = (resources: object): Pod =>
    prepared<Pod>(pod, { spec: { containers: [{ name: 'a', image: 'i', resources }] } });
  const limited = withResources({ limits: { cpu: '1', memory: '1Gi' } });
  expect(limited.spec.containers[0]?.resources?.requests).toEqual({ cpu: '1', memory: '1Gi' });
  expect(limited.status?.qosClass).toBe('Guaranteed');
  expect(withResources({ requests: { cpu: '1' } }).status?.qosClass).toBe('Burstable');
  expect(withResources({ limits: { 'example.com/gpu': '1' }, requests: { cpu: '0' } }).status?.qosClass).toBe(
    'BestEffort',
  );
});

test('gated pods say so from the start', () => {
  const object = prepared<Pod>(pod, { spec: { containers: [], schedulingGates: [{ name: 'x/y' }] } });
  expect(object.status?.conditions).toEqual([
    expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
  ]);
});

test.each([
  ['nginx', 'latest', 'Always'],
  ['nginx:latest', 'latest', 'Always'],
  ['nginx:1.27', '1.27', 'IfNotPresent'],
  ['localhost:5000/a/b', 'latest', 'Always'],
  ['localhost:5000/a/b:v1', 'v1', 'IfNotPresent'],
  [`nginx@sha256:${'a'.repeat(64)}`, '', 'IfNotPresent'],
  [`nginx:latest@sha256:${'a'.repeat(64)}`, 'latest', 'Always'],
  ['Not An Image', '', 'IfNotPresent'],
  ['', '', 'IfNotPresent'],
])('the tag of %j is %j', (image, tag, policy) => {
  expect(imageTag(image)).toBe(tag);
  expect(defaultPullPolicy(image)).toBe(policy);
});

test('graceful deletion takes as long as the pod says, if it runs', () => {
  const grace = (more: object): number | undefined =>
    pod.hooks.gracePeriodSeconds?.(decoded(pod, { spec: { containers: [] }, ...more }));
  expect(grace({ spec: { containers: [], nodeName: 'n' } })).toBe(30);
  expect(grace({ spec: { containers: [], nodeName: 'n', terminationGracePeriodSeconds: -5 } })).toBe(1);
  expect(grace({})).toBe(0);
  expect(grace({ spec: { containers: [], nodeName: 'n' }, status: { phase: 'Failed' } })).toBe(0);
});
