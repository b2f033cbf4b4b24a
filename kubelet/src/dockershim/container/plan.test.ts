import { complete } from '@kubelab/proto/complete';
import type { ContainerConfigInput, LinuxContainerSecurityContextInput } from '@kubelab/proto/generated/runtime-v1';
import { type ContainerPlanOptions, planContainer, signalName, signalOf } from './plan.js';

const options: ContainerPlanOptions = {
  sandboxId: 'sandbox',
  cgroupParent: '/kubepods',
  engineModules: new Set(['seccomp']),
  readFile: (path) => (path === '/profiles/a.json' ? '{ "defaultAction": "SCMP_ACT_ALLOW" }' : 'not json'),
  clampOomScore: (wanted) => Math.max(wanted, -500),
};
const pod = complete('PodSandboxConfig', {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  logDirectory: '/var/log/pods/x',
});
const plan = (config: ContainerConfigInput, more: Partial<ContainerPlanOptions> = {}) =>
  planContainer(
    complete('ContainerConfig', { metadata: { name: 'c', attempt: 1 }, image: { image: 'sha256:1' }, ...config }),
    pod,
    { ...options, ...more },
  );
const secure = (securityContext: LinuxContainerSecurityContextInput) => plan({ linux: { securityContext } }).HostConfig;

test('names, labels, command and log', () => {
  const created = plan({
    image: { image: 'sha256:1', userSpecifiedImage: 'nginx' },
    args: ['-c', 'x'],
    envs: [{ key: 'A', value: Buffer.from('ä') }],
    logPath: 'c/1.log',
    stopSignal: 'SIGRTMINPLUS3',
  });
  expect(created).toMatchObject({
    name: 'k8s_c_web_shop_u1_1',
    Image: 'sha256:1',
    Cmd: ['-c', 'x'],
    Env: ['A=ä'],
    StopSignal: 'SIGRTMIN+3',
    Labels: {
      'io.kubernetes.docker.type': 'container',
      'io.kubernetes.sandbox.id': 'sandbox',
      'io.kubernetes.container.logpath': '/var/log/pods/x/c/1.log',
      'io.kubernetes.container.image': 'nginx',
    },
    HostConfig: { NetworkMode: 'container:sandbox', IpcMode: 'container:sandbox', CgroupParent: '/kubepods' },
  });
  // The image's own entry point stays when the pod names no command.
  expect(created).not.toHaveProperty('Entrypoint');
});

test('resources become cgroup settings and the OOM score is clamped', () => {
  const resources = {
    cpuShares: 102,
    cpuQuota: 50_000,
    cpuPeriod: 100_000,
    memoryLimitInBytes: 1 << 20,
    oomScoreAdj: -997,
  };
  expect(plan({ linux: { resources } }).HostConfig).toMatchObject({
    CpuShares: 102,
    CpuQuota: 50_000,
    Memory: 1 << 20,
    MemorySwap: 1 << 20,
    OomScoreAdj: -500,
  });
});

test.each<[string, LinuxContainerSecurityContextInput, object]>([
  ['no profile', {}, { SecurityOpt: ['seccomp=unconfined'] }],
  ['the default profile', { seccomp: { profileType: 'RuntimeDefault' } }, { SecurityOpt: [] }],
  [
    'a profile of the node',
    { seccomp: { profileType: 'Localhost', localhostRef: '/profiles/a.json' }, noNewPrivs: true },
    { SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', 'no-new-privileges'] },
  ],
  ['privileged', { privileged: true }, { Privileged: true, SecurityOpt: [] }],
  [
    'capabilities',
    { capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] } },
    { CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'] },
  ],
  ['an unmasked /proc', { maskedPaths: [], readonlyPaths: [] }, { MaskedPaths: [], ReadonlyPaths: [] }],
  ['groups', { supplementalGroups: [1, 2] }, { GroupAdd: ['1', '2'] }],
  ['the node’s PID namespace', { namespaceOptions: { pid: 'NODE' } }, { PidMode: 'host' }],
  [
    'SELinux',
    { selinuxOptions: { type: 't', level: 's0' } },
    { SecurityOpt: ['seccomp=unconfined', 'label=type:t', 'label=level:s0'] },
  ],
])('security: %s', (_name, context, expected) => {
  expect(secure(context)).toMatchObject(expected);
});

test('privileged on a node that lacks a capability gives what the node has', () => {
  const config = { linux: { securityContext: { privileged: true } } };
  const { HostConfig } = plan(config, { limitedCapabilities: ['CHOWN', 'SYS_ADMIN'] });
  expect(HostConfig).toMatchObject({
    CapAdd: ['CHOWN', 'SYS_ADMIN'],
    DeviceCgroupRules: ['a *:* rwm'],
    MaskedPaths: [],
    ReadonlyPaths: [],
    SecurityOpt: ['seccomp=unconfined'],
  });
  expect(HostConfig).not.toHaveProperty('Privileged');
});

test.each<[string, ContainerConfigInput, RegExp]>([
  ['no image', { image: null }, /must name an image/],
  ['CDI devices', { CDIDevices: [{ name: 'a' }] }, /CDI/],
  ['hugepages', { linux: { resources: { hugepageLimits: [{ pageSize: '2MB', limit: 1 }] } } }, /hugepages/],
  ['cgroup v2 settings', { linux: { resources: { unified: { 'memory.min': '1' } } } }, /memory\.min/],
  [
    'a seccomp profile that is none',
    { linux: { securityContext: { seccomp: { profileType: 'Localhost', localhostRef: '/x' } } } },
    /\/x/,
  ],
  [
    'an AppArmor profile without AppArmor',
    { linux: { securityContext: { apparmor: { profileType: 'Localhost' } } } },
    /AppArmor/,
  ],
  ['strict groups', { linux: { securityContext: { supplementalGroupsPolicy: 'Strict' } } }, /Strict/],
  [
    'ambient capabilities',
    { linux: { securityContext: { capabilities: { addAmbientCapabilities: ['X'] } } } },
    /ambient/,
  ],
  ['a target without ID', { linux: { securityContext: { namespaceOptions: { pid: 'TARGET' } } } }, /target_id/],
  ['an image volume', { mounts: [{ containerPath: '/a', image: { image: 'x' } }] }, /image volumes/],
  ['recursive read-only', { mounts: [{ containerPath: '/a', hostPath: '/b', recursiveReadOnly: true }] }, /recursive/],
  ['a mount without source', { mounts: [{ containerPath: '/a' }] }, /host_path/],
])('%s is refused', (_name, config, message) => {
  expect(() => plan(config)).toThrow(message);
});

test('signals by both names', () => {
  expect(signalName('SIGRTMAXMINUS1')).toBe('SIGRTMAX-1');
  expect([signalOf('SIGTERM'), signalOf('SIGRTMIN+3'), signalOf('15'), signalOf(undefined)]).toEqual([
    'SIGTERM',
    'SIGRTMINPLUS3',
    'RUNTIME_DEFAULT',
    'RUNTIME_DEFAULT',
  ]);
});
