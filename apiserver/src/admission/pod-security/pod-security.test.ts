import { MemoryObjects } from '../../authorization/memory-objects.js';
import { runPlugin, testRequest } from '../test-requests.js';
import { describeFindings, evaluatePod } from './evaluate.js';
import type { PodLike } from './findings.js';
import { createPodSecurity } from './pod-security.js';
import { parsePolicy, privileged } from './policy.js';

const latest = Number.POSITIVE_INFINITY;
const good = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
  capabilities: { drop: ['ALL'] },
};
const like = (spec: object, annotations: Record<string, string> = {}): PodLike =>
  ({ annotations, spec: { containers: [{ name: 'a', image: 'x' }], ...spec } }) as unknown as PodLike;
const container = (more: object, name = 'a') => ({ name, image: 'x', ...more });
const baseline = (spec: object, annotations?: Record<string, string>, minor = latest) =>
  describeFindings(evaluatePod(like(spec, annotations), { level: 'baseline', minor }));

describe('baseline', () => {
  test.each<[object, string]>([
    [{}, ''],
    [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    [{ volumes: [{ name: 'v', hostPath: {} }] }, 'hostPath volumes (volume "v")'],
    [
      { containers: [container({ securityContext: { privileged: true } })] },
      'privileged (container "a" must not set securityContext.privileged=true)',
    ],
    [
      {
        initContainers: [container({ securityContext: { privileged: true } }, 'i')],
        containers: [container({ securityContext: { privileged: true } })],
      },
      'privileged (containers "i", "a" must not set securityContext.privileged=true)',
    ],
    [
      { containers: [container({ ports: [{ hostPort: 80 }, { hostPort: 443 }] })] },
      'hostPort (container "a" uses hostPorts 443, 80)',
    ],
    [
      { containers: [container({ securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } })] },
      'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [{ securityContext: { sysctls: [{ name: 'kernel.msgmax' }] } }, 'forbidden sysctls (kernel.msgmax)'],
    [
      { containers: [container({ securityContext: { procMount: 'Unmasked' } })] },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      {
        securityContext: { seLinuxOptions: { type: 'bad', user: 'u' } },
        containers: [container({ securityContext: { seLinuxOptions: { role: 'r' } } })],
      },
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "bad"; user may not be set; role may not be set)',
    ],
    [
      { containers: [container({ livenessProbe: { httpGet: { host: '10.0.0.1' } } })] },
      'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
    ],
  ])('%#', (spec, text) => {
    expect(baseline(spec)).toBe(text);
  });

  test('looks at ephemeral containers too', () => {
    expect(
      baseline({ ephemeralContainers: [container({ securityContext: { privileged: true } }, 'debug')] }),
    ).toContain('container "debug"');
  });

  test('reads the old AppArmor annotations', () => {
    expect(baseline({}, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' })).toContain(
      'forbidden AppArmor profile',
    );
    expect(baseline({}, { 'container.apparmor.security.beta.kubernetes.io/a': 'runtime/default' })).toBe('');
  });

  test('before 1.19 it is about annotations that name a seccomp profile', () => {
    const annotations = {
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
      'container.seccomp.security.alpha.kubernetes.io/a': 'bad',
    };
    expect(baseline({}, annotations, 18)).toBe(
      'seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/a="bad", seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
    expect(baseline({}, annotations, 19)).toBe('');
    expect(baseline({}, { 'seccomp.security.alpha.kubernetes.io/pod': 'docker/default' }, 18)).toBe('');
  });

  test('an older version of the standard knows fewer rules and fewer safe sysctls', () => {
    const probes = { containers: [container({ livenessProbe: { httpGet: { host: '10.0.0.1' } } })] };
    expect(baseline(probes, {}, 33)).toBe('');
    const sysctls = { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem' }] } };
    expect(baseline(sysctls, {}, 31)).toBe('forbidden sysctls (net.ipv4.tcp_rmem)');
    expect(baseline(sysctls, {}, 32)).toBe('');
  });
});

describe('restricted', () => {
  const restricted = (spec: object) =>
    describeFindings(evaluatePod(like(spec), { level: 'restricted', minor: latest }));

  test('names everything a plain pod lacks, as upstream does', () => {
    expect(restricted({})).toBe(
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  test.each<[string, object, string]>([
    ['a good container', { containers: [container({ securityContext: good })] }, ''],
    [
      'settings of the pod',
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
        containers: [
          container({
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
            },
          }),
        ],
      },
      '',
    ],
    [
      'root',
      { containers: [container({ securityContext: { ...good, runAsUser: 0 } })] },
      'runAsUser=0 (container "a" must not set runAsUser=0)',
    ],
    [
      'host paths, said once',
      { volumes: [{ name: 'v', hostPath: {} }], containers: [container({ securityContext: good })] },
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ],
    [
      'a container that opts out',
      {
        securityContext: { runAsNonRoot: true },
        containers: [container({ securityContext: { ...good, runAsNonRoot: false } })],
      },
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
  ])('%s', (_what, spec, text) => {
    expect(restricted(spec)).toBe(text);
  });
});

describe('the labels of a namespace', () => {
  const warned = (labels: Record<string, string>) => {
    const all = Object.fromEntries(
      Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
    );
    return parsePolicy(all, { enforce: privileged, audit: privileged, warn: privileged }).policy.warn;
  };

  test.each([
    [
      { enforce: 'baseline', 'enforce-version': 'v1.25' },
      { level: 'baseline', minor: 25 },
    ],
    [
      { enforce: 'baseline', 'enforce-version': 'v1.25', 'warn-version': 'v1.20' },
      { level: 'baseline', minor: 20 },
    ],
    [
      { enforce: 'restricted', warn: 'privileged' },
      { level: 'privileged', minor: latest },
    ],
    [
      { enforce: 'privileged', 'enforce-version': 'v1.25' },
      { level: 'privileged', minor: latest },
    ],
    [{ enforce: 'nonsense' }, { level: 'privileged', minor: latest }],
  ])('%j warn at %j', (labels, expected) => {
    expect(warned(labels as Record<string, string>)).toEqual(expected);
  });
});

describe('PodSecurity', () => {
  const namespace = 'team';
  function setUp(labels: Record<string, string>) {
    const objects = new MemoryObjects();
    objects.put('namespaces', { metadata: { name: namespace, labels } });
    return { objects, plugin: createPodSecurity({ objects }) };
  }
  const label = (mode: string, level: string) => ({ [`pod-security.kubernetes.io/${mode}`]: level });
  const pod = (spec: object = {}) => ({
    metadata: { name: 'web', namespace },
    spec: { containers: [container({})], ...spec },
  });

  test('lets everything in without labels', async () => {
    expect(
      await runPlugin(setUp({}).plugin, testRequest('pods', { namespace, object: pod({ hostNetwork: true }) })),
    ).toBe('');
  });

  test('refuses, with level and version', async () => {
    const object = pod({ hostNetwork: true });
    expect(
      await runPlugin(setUp(label('enforce', 'baseline')).plugin, testRequest('pods', { namespace, object })),
    ).toBe('pods "web" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)');
    const old = { ...label('enforce', 'baseline'), 'pod-security.kubernetes.io/enforce-version': 'v1.30' };
    expect(await runPlugin(setUp(old).plugin, testRequest('pods', { namespace, object }))).toContain(
      '"baseline:v1.30"',
    );
  });

  test('warns without refusing, also about templates', async () => {
    const { plugin } = setUp(label('warn', 'baseline'));
    const request = testRequest('pods', { namespace, object: pod({ hostPID: true }) });
    expect(await runPlugin(plugin, request)).toBe('');
    expect(request.warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
    const template = { spec: { containers: [], hostPID: true } };
    const deployment = testRequest('deployments.apps', {
      namespace,
      object: { metadata: { name: 'd' }, spec: { template } },
    });
    expect(await runPlugin(plugin, deployment)).toBe('');
    expect(deployment.warnings).toHaveLength(1);
    const cron = { metadata: { name: 'c' }, spec: { jobTemplate: { spec: { template } } } };
    const cronJob = testRequest('cronjobs.batch', { namespace, object: cron });
    await runPlugin(plugin, cronJob);
    expect(cronJob.warnings).toHaveLength(1);
  });

  test('a level that is not known is the strictest', async () => {
    expect(
      await runPlugin(setUp(label('enforce', 'nonsense')).plugin, testRequest('pods', { namespace, object: pod() })),
    ).toContain('violates PodSecurity "restricted:latest"');
  });

  test('a change that is not about security is let through', async () => {
    const { plugin } = setUp(label('enforce', 'baseline'));
    const bad = pod({ hostNetwork: true });
    expect(
      await runPlugin(plugin, testRequest('pods', { namespace, operation: 'UPDATE', object: bad, old: bad })),
    ).toBe('');
    const image = pod({ hostNetwork: true, containers: [container({ image: 'y' })] });
    expect(
      await runPlugin(plugin, testRequest('pods', { namespace, operation: 'UPDATE', object: image, old: bad })),
    ).toContain('violates');
  });

  test('namespaces get only labels that mean something, and warnings about pods they hold', async () => {
    const { objects, plugin } = setUp({});
    const object = (labels: object) => ({ metadata: { name: namespace, labels } });
    expect(
      await runPlugin(plugin, testRequest('namespaces', { object: object(label('enforce', 'nonsense')) })),
    ).toContain(
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "nonsense": must be one of privileged, baseline, restricted',
    );
    for (const name of ['b', 'a', 'c'])
      objects.put('pods', { metadata: { namespace, name }, spec: { containers: [], hostPID: true } });
    const raise = testRequest('namespaces', {
      operation: 'UPDATE',
      object: object(label('enforce', 'baseline')),
      old: object({}),
    });
    await runPlugin(plugin, raise);
    expect(raise.warnings).toEqual([
      'existing pods in namespace "team" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 2 other pods): host namespaces',
    ]);
  });
});
