import { pod } from '../../core/pod.js';
import { createErrors, updateErrors } from '../../testing.js';

const container = (more: object = {}) => ({ name: 'a', image: 'i', ...more });
const withContainer = (more: object) => ({ spec: { containers: [container(more)] } });
const withSpec = (more: object) => ({ spec: { containers: [container()], ...more } });

test('a plain pod is valid', () => {
  expect(createErrors(pod, withSpec({}))).toEqual([]);
});

const label = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;

const cases: [string, object, string[]][] = [
  ['no containers', { spec: {} }, ['spec.containers: Required value']],
  [
    'no name and image',
    { spec: { containers: [{}] } },
    ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
  ],
  ['bad container name', withContainer({ name: 'A_b' }), [`spec.containers[0].name: Invalid value: "A_b": ${label}`]],
  [
    'same name twice',
    { spec: { containers: [container(), container()] } },
    ['spec.containers[1].name: Duplicate value: "a"'],
  ],
  [
    'same name as an init container',
    withSpec({ initContainers: [container()] }),
    ['spec.initContainers[0].name: Duplicate value: "a"'],
  ],
  [
    'image with blanks',
    withContainer({ image: 'x ' }),
    ['spec.containers[0].image: Invalid value: "x ": must not have leading or trailing whitespace'],
  ],
  [
    'pull policy',
    withContainer({ imagePullPolicy: 'Sometimes' }),
    [
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  [
    'port out of range',
    withContainer({ ports: [{ containerPort: 70000 }] }),
    ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ],
  [
    'port without number',
    withContainer({ ports: [{ name: 'x' }] }),
    ['spec.containers[0].ports[0].containerPort: Required value'],
  ],
  [
    'host ports in conflict',
    withContainer({
      ports: [
        { containerPort: 1, hostPort: 80 },
        { containerPort: 2, hostPort: 80 },
      ],
    }),
    ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
  ],
  [
    'restart policy',
    withSpec({ restartPolicy: 'Maybe' }),
    ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    'unknown volume',
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ],
  [
    'mount path twice',
    {
      spec: {
        volumes: [{ name: 'v' }],
        containers: [
          container({
            volumeMounts: [
              { name: 'v', mountPath: '/v' },
              { name: 'v', mountPath: '/v' },
            ],
          }),
        ],
      },
    },
    ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique'],
  ],
  [
    'way out of a volume',
    {
      spec: {
        volumes: [{ name: 'v' }],
        containers: [container({ volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../x' }] })],
      },
    },
    [`spec.containers[0].volumeMounts[0].subPath: Invalid value: "../x": must not contain '..'`],
  ],
  [
    'two sources of a volume',
    withSpec({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  [
    'volume twice',
    withSpec({ volumes: [{ name: 'v' }, { name: 'v' }] }),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  [
    'request over limit',
    withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    'negative amount',
    withContainer({ resources: { limits: { memory: '-1' } } }),
    [
      'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
  [
    'hugepages alone',
    withContainer({ resources: { limits: { 'hugepages-2Mi': '2Mi' }, requests: { 'hugepages-2Mi': '2Mi' } } }),
    ['spec.containers[0].resources: Forbidden: HugePages require cpu or memory'],
  ],
  [
    'half a huge page',
    withContainer({
      resources: { limits: { cpu: '1', 'hugepages-2Mi': '3Mi' }, requests: { 'hugepages-2Mi': '3Mi' } },
    }),
    [
      'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
    ],
  ],
  [
    'huge pages of no size',
    withContainer({ resources: { limits: { cpu: '1', 'hugepages-x': '1' }, requests: { 'hugepages-x': '1' } } }),
    [
      'spec.containers[0].resources.limits[hugepages-x]: Invalid value: "1": 1 is not positive integer multiple of hugepages-x',
      'spec.containers[0].resources.requests[hugepages-x]: Invalid value: "1": 1 is not positive integer multiple of hugepages-x',
    ],
  ],
  [
    'stop signal without operating system',
    withContainer({ lifecycle: { stopSignal: 'SIGUSR1' } }),
    ['spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'],
  ],
  [
    'stop signal that Windows does not have',
    withSpec({ os: { name: 'windows' }, containers: [container({ lifecycle: { stopSignal: 'SIGUSR1' } })] }),
    ['spec.containers[0].lifecycle.stopSignal: Unsupported value: "SIGUSR1": supported values: "SIGKILL", "SIGTERM"'],
  ],
  [
    'unknown resource',
    withContainer({ resources: { limits: { gpu: '1' }, requests: { gpu: '1' } } }),
    [
      'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
  ],
  [
    'half a device',
    withContainer({ resources: { limits: { 'x.com/d': '500m' } } }),
    [
      'spec.containers[0].resources.limits[x.com/d]: Invalid value: "500m": must be an integer',
      'spec.containers[0].resources.requests[x.com/d]: Invalid value: "500m": must be an integer',
    ],
  ],
  [
    'probe without handler',
    withContainer({ livenessProbe: {} }),
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    'two handlers',
    withContainer({ readinessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } }),
    ['spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
  ],
  [
    'liveness twice',
    withContainer({ livenessProbe: { exec: { command: ['x'] }, successThreshold: 2 } }),
    ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  ],
  [
    'init probe',
    withSpec({ initContainers: [container({ name: 'i', readinessProbe: { exec: { command: ['x'] } } })] }),
    [
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  ['env without name', withContainer({ env: [{ value: 'x' }] }), ['spec.containers[0].env[0].name: Required value']],
  [
    'env with value and source',
    withContainer({ env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
    ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
  ],
  [
    'env from an unknown field',
    withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
    ],
  ],
  [
    'toleration',
    withSpec({ tolerations: [{ operator: 'Equal', value: 'x' }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    'empty node selector',
    withSpec({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    }),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
  ],
  [
    'dns none',
    withSpec({ dnsPolicy: 'None' }),
    ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  ],
  [
    'deadline',
    withSpec({ activeDeadlineSeconds: 0 }),
    ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
  ],
  [
    'ephemeral containers',
    withSpec({ ephemeralContainers: [container({ name: 'e' })] }),
    ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
  ],
  [
    'a name that is none',
    { metadata: { name: '' }, spec: { containers: [container()] } },
    ['metadata.name: Required value: name or generateName is required'],
  ],
  [
    'a sysctl twice',
    withSpec({
      securityContext: {
        sysctls: [
          { name: 'a.b', value: '1' },
          { name: 'a.b', value: '2' },
        ],
      },
    }),
    ['spec.securityContext.sysctls[1].name: Duplicate value: "a.b"'],
  ],
  [
    'seccomp profiles',
    {
      spec: {
        securityContext: { seccompProfile: {} },
        containers: [
          container({ securityContext: { seccompProfile: { type: 'Mine' } } }),
          container({ name: 'b', securityContext: { seccompProfile: { type: 'Localhost' } } }),
          container({ name: 'c', securityContext: { seccompProfile: { type: 'Unconfined', localhostProfile: 'x' } } }),
          container({
            name: 'd',
            securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' } },
          }),
        ],
      },
    },
    [
      'spec.containers[0].securityContext.seccompProfile.type: Unsupported value: "Mine": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
      'spec.containers[1].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      'spec.containers[2].securityContext.seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"x"}: can only be set when seccomp type is Localhost',
      'spec.containers[3].securityContext.seccompProfile.localhostProfile: Invalid value: "../x": must not contain \'..\'',
      'spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set',
    ],
  ],
  [
    'AppArmor profiles',
    {
      spec: {
        securityContext: { appArmorProfile: {} },
        containers: [
          container({ securityContext: { appArmorProfile: { type: 'Mine' } } }),
          container({ name: 'b', securityContext: { appArmorProfile: { type: 'Localhost' } } }),
          container({ name: 'c', securityContext: { appArmorProfile: { type: 'Unconfined', localhostProfile: 'x' } } }),
          container({ name: 'd', securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: ' x' } } }),
          container({
            name: 'e',
            securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x'.repeat(4096) } },
          }),
        ],
      },
    },
    [
      'spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "Mine": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
      'spec.containers[1].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost',
      'spec.containers[2].securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost',
      'spec.containers[3].securityContext.appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace',
      'spec.containers[4].securityContext.appArmorProfile.localhostProfile: Too long: may not be more than 4095 bytes',
      'spec.securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set',
    ],
  ],
  [
    'annotations that the cluster reads',
    {
      metadata: {
        name: 'x',
        annotations: {
          'kubernetes.io/config.mirror': 'x',
          'controller.kubernetes.io/pod-deletion-cost': '01',
          'seccomp.security.alpha.kubernetes.io/pod': 'mine',
          'container.apparmor.security.beta.kubernetes.io/none': 'unconfined',
          'container.apparmor.security.beta.kubernetes.io/a': 'mine',
        },
      },
      spec: { containers: [container()] },
    },
    [
      'metadata.annotations[kubernetes.io/config.mirror]: Required value: must set spec.nodeName if mirror pod annotation is set',
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "": must be a 32bit integer',
      'metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "mine": must be a valid seccomp profile',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/none]: Invalid value: "none": container not found',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: Invalid value: "mine": invalid AppArmor profile name: "mine"',
    ],
  ],
  [
    'an AppArmor annotation against its field',
    {
      metadata: { name: 'x', annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'localhost/x' } },
      ...withContainer({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'y' } } }),
    },
    [
      'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
    ],
  ],
  [
    'an AppArmor annotation against the type of its field',
    {
      metadata: { name: 'x', annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' } },
      ...withContainer({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
    },
    [
      'spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
    ],
  ],
  [
    'a privileged container that may not gain privileges',
    withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    [
      'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    ],
  ],
];

test.each(cases)('%s', (_, object, messages) => {
  expect(createErrors(pod, object as Record<string, unknown>)).toEqual(messages);
});

describe('updates', () => {
  const before = withSpec({ tolerations: [{ key: 'a', operator: 'Exists' }] });
  const after = (more: object) => withSpec({ tolerations: [{ key: 'a', operator: 'Exists' }], ...more });

  it('may change images, add tolerations and set a deadline', () => {
    const changed = {
      containers: [container({ image: 'other' })],
      tolerations: [
        { key: 'a', operator: 'Exists' },
        { key: 'b', operator: 'Exists' },
      ],
      activeDeadlineSeconds: 10,
    };
    expect(updateErrors(pod, before, { spec: changed })).toEqual([]);
  });

  it('may not change the annotations that are for life', () => {
    // The field says the same from the start, so that creation takes nothing over from the annotation.
    const annotated = (annotations: object): Record<string, unknown> => ({
      ...withContainer({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
      metadata: { name: 'x', annotations },
    });
    const key = 'container.apparmor.security.beta.kubernetes.io/a';
    const path = `metadata.annotations[${key}]`;
    expect(updateErrors(pod, annotated({}), annotated({ [key]: 'unconfined' }))).toEqual([
      `${path}: Forbidden: may not add AppArmor annotations`,
    ]);
    expect(updateErrors(pod, annotated({ [key]: 'unconfined' }), annotated({}))).toEqual([
      `${path}: Forbidden: may not remove or update AppArmor annotations`,
    ]);
    expect(updateErrors(pod, annotated({ [key]: 'unconfined' }), annotated({ [key]: 'unconfined' }))).toEqual([]);
  });

  it('may not change anything else', () => {
    const [message] = updateErrors(pod, before, after({ hostname: 'x' }));
    expect(message).toBe(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\nspec.hostname: <unset> -> "x"',
    );
  });

  it('may not add containers, drop tolerations or prolong a deadline', () => {
    expect(updateErrors(pod, before, after({ containers: [container(), container({ name: 'b' })] }))).toEqual([
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ]);
    expect(updateErrors(pod, before, withSpec({}))).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ]);
    expect(updateErrors(pod, withSpec({ activeDeadlineSeconds: 5 }), withSpec({ activeDeadlineSeconds: 6 }))).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    ]);
  });

  it('may not rename', () => {
    expect(updateErrors(pod, before, { ...before, metadata: { name: 'other' } })).toEqual([
      'metadata.name: Invalid value: "other": field is immutable',
    ]);
  });
});

test('a stop signal is one of those that the pod’s operating system has', () => {
  const errors = (stopSignal: string) =>
    createErrors(pod, withSpec({ os: { name: 'linux' }, containers: [container({ lifecycle: { stopSignal } })] }));
  for (const signal of ['SIGTERM', 'SIGUSR1', 'SIGRTMIN', 'SIGRTMINPLUS15', 'SIGRTMAXMINUS14', 'SIGRTMAX'])
    expect(errors(signal)).toEqual([]);
  for (const signal of ['USR1', 'SIGRTMINPLUS16', 'SIGEMT', '9'])
    expect(errors(signal)[0]).toMatch(
      /^spec\.containers\[0\]\.lifecycle\.stopSignal: Unsupported value: ".+": supported values: "SIGABRT", .*"SIGXFSZ"$/,
    );
});
