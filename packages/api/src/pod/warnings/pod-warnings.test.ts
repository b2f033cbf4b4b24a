import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { deployment } from '../../apps/deployment.js';
import { cronJob } from '../../batch/cron-job.js';
import { persistentVolume } from '../../core/persistent-volume.js';
import { persistentVolumeClaim } from '../../core/persistent-volume-claim.js';
import { pod } from '../../core/pod.js';
import { service } from '../../core/service.js';
import { ingress } from '../../networking/ingress.js';
import { networkPolicy } from '../../networking/network-policy.js';
import type { ResourceDefinition } from '../../resource.js';
import { prepared } from '../../testing.js';

const warn = (definition: ResourceDefinition, object: Record<string, unknown>): string[] =>
  definition.hooks.warnings?.(prepared<UnstructuredObject>(definition, object)) ?? [];
const container = (more: object = {}, name = 'a') => ({ name, image: 'x', ...more });
const podWarnings = (spec: object, annotations: object = {}) =>
  warn(pod, { metadata: { annotations }, spec: { containers: [container()], ...spec } });

it.each<[string, object, string[]]>([
  ['nothing odd', {}, []],
  [
    'old labels',
    { nodeSelector: { 'beta.kubernetes.io/os': 'linux', 'failure-domain.beta.kubernetes.io/zone': 'a' } },
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.nodeSelector[failure-domain.beta.kubernetes.io/zone]: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ],
  ],
  [
    'affinity',
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] }],
          },
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'x' } }],
        },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'x', whenUnsatisfiable: 'DoNotSchedule' }],
    },
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    'fractions of bytes',
    { containers: [container({ resources: { limits: { memory: '100m', cpu: '100m', 'example.com/x': '1' } } })] },
    [
      'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    ],
  ],
  [
    'variables',
    {
      containers: [
        container({
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '$(A)' },
            { name: 'A', value: '3' },
          ],
        }),
      ],
    },
    [
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].env[3]: hides previous definition of "A", which may be dropped when using apply',
    ],
  ],
  [
    'ports',
    {
      containers: [
        container({
          ports: [
            { name: 'http', containerPort: 80 },
            { containerPort: 80, hostPort: 8080 },
          ],
        }),
        container(
          {
            ports: [
              { name: 'http', containerPort: 81, hostIP: '1.2.3.4' },
              { containerPort: 80, hostPort: 8080, hostIP: '1.2.3.4' },
            ],
          },
          'b',
        ),
      ],
    },
    [
      'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[0]: hostIP set without hostPort: {Name:http HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.2.3.4}',
      'spec.containers[1].ports[0]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
      'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[1].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[1]',
    ],
  ],
  [
    'lists',
    {
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
      hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
      terminationGracePeriodSeconds: -1,
    },
    [
      'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
  ],
  [
    'volumes',
    {
      volumes: [
        { name: 'a', gitRepo: { repository: 'x' } },
        { name: 'b', rbd: { monitors: ['m'], image: 'i' } },
        { name: 'c', storageos: {} },
        {
          name: 'd',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token' } },
              { secret: { name: 's', items: [{ key: 'k', path: 'token' }] } },
            ],
          },
        },
      ],
    },
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.volumes[1].rbd: deprecated in v1.28, non-functional in v1.31+',
      'spec.volumes[2].storageOS: deprecated in v1.22, non-functional in v1.25+',
      'spec.volumes[3].projected.sources.secrets[0]: has duplicated path with ServiceAccountToken "token"',
    ],
  ],
])('warns about a pod with %s', (_what, spec, expected) => {
  expect(podWarnings(spec)).toEqual(expected);
});

it('warns about annotations that fields have replaced', () => {
  const annotations = {
    'scheduler.alpha.kubernetes.io/critical-pod': '',
    'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
    'container.apparmor.security.beta.kubernetes.io/a': 'runtime/default',
  };
  expect(podWarnings({ securityContext: { seccompProfile: { type: 'Unconfined' } } }, annotations)).toEqual([
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
  ]);
  const template = { metadata: { annotations }, spec: { containers: [container()] } };
  const spec = { schedule: '* * * * *', jobTemplate: { spec: { template } } };
  const path = 'spec.jobTemplate.spec.template.metadata.annotations';
  expect(warn(cronJob, { spec })).toEqual([
    `${path}[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead`,
    `${path}[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead`,
    `${path}[container.apparmor.security.beta.kubernetes.io/a]: deprecated since v1.30; use the "appArmorProfile" field instead`,
  ]);
});

it('warns once: not about pods that change, nor about workloads that change in nothing of their own', () => {
  const spec = { template: { spec: { containers: [container()], nodeSelector: { 'beta.kubernetes.io/os': 'x' } } } };
  const [object, old] = [1, 1].map((generation) =>
    prepared<UnstructuredObject>(deployment, { metadata: { name: 'a.b', generation }, spec }),
  ) as [UnstructuredObject, UnstructuredObject];
  const label =
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead';
  const created = deployment.hooks.warnings?.(object) ?? [];
  expect(created[0]).toBe(
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
  );
  expect(created.slice(1)).toEqual([label]);
  expect(deployment.hooks.warnings?.(object, old)).toEqual([]);
  object.metadata.generation = 2;
  expect(deployment.hooks.warnings?.(object, old)).toEqual([label]);
  const own = prepared<UnstructuredObject>(pod, { metadata: { name: 'a.b' }, spec: { containers: [container()] } });
  expect(pod.hooks.warnings?.(own)?.[0]).toContain("this is used in the Pod's hostname");
  expect(pod.hooks.warnings?.(own, own)).toEqual([]);
});

it.each<[string, ResourceDefinition, Record<string, unknown>, string[]]>([
  [
    'services',
    service,
    {
      metadata: { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } },
      spec: { clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['010.0.0.1'], ports: [{ port: 1 }] },
    },
    [
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
      'spec.externalIPs[0]: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    ],
  ],
  [
    'volumes',
    persistentVolume,
    { spec: { persistentVolumeReclaimPolicy: 'Recycle', cephfs: { monitors: ['m'] } } },
    [
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.cephfs: deprecated in v1.28, non-functional in v1.31+',
    ],
  ],
  [
    'claims',
    persistentVolumeClaim,
    {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: { resources: { requests: { storage: '1500m' } } },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
  [
    'ingresses',
    ingress,
    { metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: {} },
    [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
  ],
  [
    'network policies',
    networkPolicy,
    { spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/24', except: ['10.0.0.2/32'] } }] }] } },
    [
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
    ],
  ],
])('warns about %s', (_what, definition, object, expected) => {
  expect(warn(definition, object)).toEqual(expected);
});
