import { complete } from '@kubelab/proto/complete';
import type { PodSandboxConfigInput } from '@kubelab/proto/generated/runtime-v1';
import { planSandbox, type SandboxPlanOptions } from './plan.js';

const options: SandboxPlanOptions = {
  image: 'kubelab/pause:1',
  cgroupParent: '/lab',
  cgroupDriver: 'cgroupfs',
  clampOomScore: (wanted) => Math.max(wanted, 0),
  publishHostPorts: true,
};
const metadata = { name: 'web', namespace: 'shop', uid: 'u1', attempt: 2 };
const plan = (config: PodSandboxConfigInput, more: Partial<SandboxPlanOptions> = {}) =>
  planSandbox(complete('PodSandboxConfig', { metadata, ...config }), { ...options, ...more });

test('a pod of its own network', () => {
  expect(
    plan({
      hostname: 'web-0',
      labels: { app: 'web' },
      annotations: { note: 'x' },
      dnsConfig: { servers: ['10.96.0.10'] },
      linux: { sysctls: { 'net.core.somaxconn': '10' } },
    }),
  ).toMatchObject({
    name: 'k8s_POD_web_shop_u1_2',
    Image: 'kubelab/pause:1',
    Hostname: 'web-0',
    Labels: { app: 'web', 'annotation.note': 'x', 'io.kubernetes.docker.type': 'podsandbox' },
    HostConfig: {
      NetworkMode: 'default',
      IpcMode: 'shareable',
      Dns: ['10.96.0.10'],
      DnsSearch: ['.'],
      DnsOptions: ['ndots:1'],
      Sysctls: { 'net.core.somaxconn': '10' },
      CgroupParent: '/lab',
      OomScoreAdj: 0,
      CpuShares: 2,
    },
  });
});

test('a pod in the node’s namespaces has no hostname and publishes nothing', () => {
  const namespaceOptions = { network: 'NODE', pid: 'NODE', ipc: 'NODE' } as const;
  const created = plan({
    hostname: 'node-1',
    portMappings: [{ containerPort: 80, hostPort: 8080 }],
    linux: { securityContext: { namespaceOptions } },
  });
  expect(created.HostConfig).toMatchObject({ NetworkMode: 'host', UTSMode: 'host', PidMode: 'host', IpcMode: 'host' });
  expect(created).not.toHaveProperty('Hostname');
  expect(created).not.toHaveProperty('ExposedPorts');
});

test('host ports are published, other ports are not', () => {
  const created = plan({
    portMappings: [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 80, hostPort: 8081, hostIp: '127.0.0.1' },
      { containerPort: 53, hostPort: 53, protocol: 'UDP' },
      { containerPort: 443 },
    ],
  });
  expect(created.ExposedPorts).toEqual({ '80/tcp': {}, '53/udp': {} });
  expect(created.HostConfig?.PortBindings).toEqual({
    '80/tcp': [
      { HostIp: '', HostPort: '8080' },
      { HostIp: '127.0.0.1', HostPort: '8081' },
    ],
    '53/udp': [{ HostIp: '', HostPort: '53' }],
  });
});

test.each([
  ['cgroupfs', '/kubepods/burstable/podu1', '/kubepods/burstable/podu1'],
  ['systemd', '/kubepods.slice/kubepods-burstable.slice', 'kubepods-burstable.slice'],
])('the cgroup parent for the %s driver', (cgroupDriver, cgroupParent, expected) => {
  expect(plan({ linux: { cgroupParent } }, { cgroupDriver }).HostConfig?.CgroupParent).toBe(expected);
});

test('host ports that the engine does not publish are written down', () => {
  const portMappings = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }];
  const created = plan({ portMappings }, { publishHostPorts: false });
  expect(created.HostConfig).not.toHaveProperty('PortBindings');
  expect(created.Labels?.['io.kubernetes.sandbox.hostports']).toBe(
    '[{"protocol":"TCP","hostPort":8080,"containerPort":80,"hostIp":""}]',
  );
  expect(plan({ portMappings: [{ containerPort: 81 }] }).Labels).not.toHaveProperty([
    'io.kubernetes.sandbox.hostports',
  ]);
});

test.each<[string, PodSandboxConfigInput, RegExp]>([
  ['no metadata', { metadata: null }, /metadata/],
  ['no uid', { metadata: { name: 'a', namespace: 'b' } }, /metadata/],
  [
    'a user namespace',
    { linux: { securityContext: { namespaceOptions: { usernsOptions: { mode: 'POD' } } } } },
    /user namespaces are not supported/,
  ],
  ['a group without a user', { linux: { securityContext: { runAsGroup: { value: 1 } } } }, /runAsUser/],
])('%s is refused', (_name, config, message) => {
  expect(() => plan(config)).toThrow(message);
});
