import type { Pod, ResourceRequirements } from '@kubelab/api/types';
import { podCgroupPath, podCgroupSettings, weightOf } from '../cgroups/pod-cgroup.js';
import { makeEnvironment } from './environment.js';
import { linuxResources, quotaOf, sharesOf } from './linux-resources.js';
import { oomScoreOf, qosClassOf } from './qos.js';
import { containerSecurity } from './security-context.js';

const pod = (resources: (ResourceRequirements | undefined)[], spec: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
    spec: {
      containers: resources.map((item, index) => ({ name: `c${index}`, ...(item ? { resources: item } : {}) })),
      ...spec,
    },
  }) as unknown as Pod;
const all = { cpu: '500m', memory: '1Gi' };

test.each<[string, Pod, string, string]>([
  ['nothing', pod([undefined]), 'BestEffort', '/lab/kubepods/besteffort/podu1'],
  ['limits alone', pod([{ limits: all }]), 'Guaranteed', '/lab/kubepods/podu1'],
  ['requests alone', pod([{ requests: all }]), 'Burstable', '/lab/kubepods/burstable/podu1'],
  ['one of two', pod([{ limits: all }, undefined]), 'Burstable', '/lab/kubepods/burstable/podu1'],
])('quality of service: %s', (_name, item, qos, path) => {
  expect(qosClassOf(item)).toBe(qos);
  expect(podCgroupPath('/lab', item)).toBe(path);
});

const gibibytes = 1024 ** 3;
const first = (item: Pod) => item.spec.containers[0] as NonNullable<Pod['spec']['containers'][0]>;
const scoreOf = (item: Pod, container = first(item), capacity = 4 * gibibytes): number =>
  oomScoreOf(item, container, capacity);

test('OOM scores', () => {
  expect(scoreOf(pod([{ limits: all }]))).toBe(-997);
  expect(scoreOf(pod([undefined]))).toBe(1000);
  expect(scoreOf(pod([{ requests: all }]))).toBe(750);
  expect(scoreOf(pod([{ requests: all }, undefined]), { name: 'c1' })).toBe(999);
  expect(scoreOf(pod([{ requests: { memory: '1Ti' } }]))).toBe(3);
  expect(scoreOf(pod([undefined], { priority: 2_000_001_000 }))).toBe(-997);
});

test('a sidecar does not go before the containers that it is for', () => {
  const sidecar = { name: 'side', restartPolicy: 'Always', resources: { requests: { memory: '1Mi' } } };
  const item = pod([{ requests: { memory: '1Gi' } }, { requests: { memory: '2Gi' } }], { initContainers: [sidecar] });
  expect(scoreOf(item, sidecar)).toBe(750);
  expect(scoreOf(item, { ...sidecar, resources: { requests: { memory: '2Gi' } } })).toBe(500);
  const once = { ...sidecar, restartPolicy: undefined } as never;
  expect(scoreOf(pod([{ requests: { memory: '1Gi' } }], { initContainers: [once] }), once)).toBe(999);
});

test('what the pod asks for beyond its containers protects all of them alike', () => {
  const item = pod([{ requests: { memory: '1Gi' } }, undefined], { resources: { requests: { memory: '3Gi' } } });
  expect(scoreOf(item)).toBe(500);
  expect(scoreOf(item, { name: 'c1' })).toBe(750);
});

test('a container without limits has those of its pod', () => {
  const limits = { cpu: '2', memory: '64Mi' };
  const item = pod([undefined, { limits: { cpu: '1' } }], { resources: { limits } });
  const [open, own] = item.spec.containers.map((container) => linuxResources(item, container, gibibytes));
  expect(open).toMatchObject({ cpuQuota: 200_000, memoryLimitInBytes: 64 * 1024 ** 2 });
  expect(own).toMatchObject({ cpuQuota: 100_000, memoryLimitInBytes: 64 * 1024 ** 2 });
});

test('CPU shares, quota and weight', () => {
  expect([sharesOf(0), sharesOf(1), sharesOf(500), sharesOf(1e9)]).toEqual([2, 2, 512, 262_144]);
  expect([quotaOf(0), quotaOf(1), quotaOf(250)]).toEqual([0, 1000, 25_000]);
  expect([weightOf(2), weightOf(262_144)]).toEqual([1, 10_000]);
  expect(linuxResources(pod([{ limits: all }]), { name: 'c0', resources: { limits: all } }, 1024 ** 3)).toMatchObject({
    cpuShares: 512,
    cpuQuota: 50_000,
    memoryLimitInBytes: 1024 ** 3,
  });
});

test('a pod is limited only when all its containers are', () => {
  expect(podCgroupSettings(pod([{ limits: all }, { limits: all }]))).toMatchObject({
    cpuQuota: 100_000,
    memoryLimit: 2 * 1024 ** 3,
  });
  expect(podCgroupSettings(pod([{ limits: all }, undefined]))).toMatchObject({
    cpuQuota: undefined,
    memoryLimit: undefined,
  });
});

const sources = {
  configMap: (name: string) =>
    name === 'cm' ? ({ metadata: { name }, data: { A: '1', 'b=d': '2' } } as never) : undefined,
  secret: () => undefined,
  services: new Map([['DB_SERVICE_HOST', '10.96.0.5']]),
  downward: { podIPs: ['10.0.0.2'], hostIPs: ['192.0.2.1'], nodeName: 'n1', allocatable: {} },
};
const environment = (container: object) => {
  const { variables, warnings } = makeEnvironment(pod([undefined]), { name: 'c0', ...container } as never, sources);
  return { values: Object.fromEntries(variables.map(({ name, value }) => [name, value])), warnings };
};

test('init containers that are over before the others begin add nothing to the pod’s limits, sidecars do', () => {
  const limited = (name: string, cpu: string, more: object = {}) => ({
    name,
    resources: { requests: { cpu }, limits: { cpu, memory: '1Mi' } },
    ...more,
  });
  const settings = (spec: object) =>
    podCgroupSettings({ metadata: { name: 'p', uid: 'u' }, spec } as unknown as Parameters<
      typeof podCgroupSettings
    >[0]);
  const containers = [limited('a', '1'), limited('b', '500m')];
  const initContainers = [limited('i', '1'), limited('side', '250m', { restartPolicy: 'Always' }), limited('j', '1')];
  expect(settings({ containers, initContainers })).toMatchObject({ cpuQuota: 175_000, memoryLimit: 3 * 1024 ** 2 });
  expect(settings({ containers, initContainers: [limited('i', '4')] })).toMatchObject({ cpuQuota: 400_000 });
});

test('a pod’s own limits go before those of its containers, of which some may have none', () => {
  const resources = { requests: { cpu: '500m' }, limits: { cpu: '2', memory: '64Mi' } };
  const spec = { containers: [{ name: 'a' }], resources };
  const settings = podCgroupSettings({ metadata: { name: 'p', uid: 'u' }, spec } as unknown as Parameters<
    typeof podCgroupSettings
  >[0]);
  expect(settings).toEqual({ cpuShares: 512, cpuQuota: 200_000, memoryLimit: 64 * 1024 ** 2 });
});

test('variables refer to earlier ones, to services and to the pod', () => {
  const { values } = environment({
    env: [
      { name: 'HOST', value: '$(DB_SERVICE_HOST)' },
      { name: 'URL', value: 'http://$(HOST)/$(NOPE)/$$(HOST)' },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
  });
  expect(values).toMatchObject({
    HOST: '10.96.0.5',
    URL: 'http://10.96.0.5/$(NOPE)/$(HOST)',
    DB_SERVICE_HOST: '10.96.0.5',
  });
});

test('what is missing is an error unless it is optional', () => {
  expect(environment({ envFrom: [{ prefix: 'X_', configMapRef: { name: 'cm' } }] }).values).toMatchObject({ X_A: '1' });
  expect(environment({ envFrom: [{ secretRef: { name: 'no', optional: true } }] }).values).not.toHaveProperty('A');
  expect(() => environment({ envFrom: [{ secretRef: { name: 'no' } }] })).toThrow('secret "no" not found');
  expect(() => environment({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'Z' } } }] })).toThrow(
    /couldn't find key Z in ConfigMap shop\/cm/,
  );
});

test('security: the container’s word goes before the pod’s', () => {
  const item = pod([undefined], { securityContext: { runAsUser: 1, fsGroup: 5 } });
  const options = { imageUid: 7, imageUsername: '', seccompRoot: '/s' };
  const plain = containerSecurity(item, { name: 'c0' } as never, options);
  expect(plain).toMatchObject({
    runAsUser: { value: 1 },
    supplementalGroups: [5],
    privileged: false,
    noNewPrivs: false,
  });
  expect(plain.maskedPaths?.length).toBeGreaterThan(0);
  const own = { name: 'c0', securityContext: { runAsUser: 2, privileged: true, allowPrivilegeEscalation: false } };
  expect(containerSecurity(item, own as never, options)).toMatchObject({
    runAsUser: { value: 2 },
    privileged: true,
    maskedPaths: [],
  });
});
