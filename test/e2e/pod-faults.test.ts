/** What can go wrong with a pod on a real node: `kubectl describe pod` says it in upstream's words. All pods go wrong at the same time. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, nodeNames } from './lab.js';

interface Fault {
  /** A container; those of it that matter. */
  container?: object;
  /** The rest of the pod's spec. */
  spec?: object;
  /** What `kubectl describe pod` has to say. */
  says: RegExp[];
}

const volume = (source: object, mount: object = {}): Pick<Fault, 'container' | 'spec'> => ({
  container: { volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] },
  spec: { volumes: [{ name: 'v', ...source }] },
});
const waiting = (reason: string): RegExp => new RegExp(`State:\\s+Waiting\\n\\s+Reason:\\s+${reason}`);
const failed = (message: string): RegExp => new RegExp(`Warning\\s+Failed\\s.*Error: .*${message}`);
const failedMount = (message: string): RegExp =>
  new RegExp(`Warning\\s+FailedMount\\s.*MountVolume.SetUp failed for volume "v" : ${message}`);
const inVolume = (command: string): object => ({
  initContainers: [
    {
      name: 'init',
      image: 'busybox:1.36',
      command: ['sh', '-c', command],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
  ],
  volumes: [{ name: 'v', emptyDir: {} }],
});

const faults: Record<string, Fault> = {
  'missing-key': {
    container: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'present', key: 'nokey' } } }] },
    says: [waiting('CreateContainerConfigError'), failed("couldn't find key nokey in ConfigMap \\S+/present")],
  },
  'missing-secret': {
    container: { envFrom: [{ secretRef: { name: 'nosecret' } }] },
    says: [waiting('CreateContainerConfigError'), failed('secret "nosecret" not found')],
  },
  'missing-configmap-volume': {
    ...volume({ configMap: { name: 'nomap' } }),
    says: [waiting('ContainerCreating'), failedMount('configmap "nomap" not found')],
  },
  'missing-key-volume': {
    ...volume({ configMap: { name: 'present', items: [{ key: 'nokey', path: 'x' }] } }),
    says: [waiting('ContainerCreating'), failedMount('configmap references non-existent config key: nokey')],
  },
  'missing-host-path': {
    ...volume({ hostPath: { path: '/nosuch', type: 'Directory' } }),
    says: [failedMount('hostPath type check failed: /nosuch is not a directory')],
  },
  'bad-command': {
    container: { command: ['/nosuch'] },
    says: [
      /Reason:\s+StartError/,
      /Exit Code:\s+128/,
      failed('.*exec: "/nosuch": stat /nosuch: no such file or directory'),
      /Warning\s+BackOff\s.*Back-off restarting failed container main in pod bad-command_/,
    ],
  },
  'exits-at-once': {
    container: { command: ['sh', '-c', 'echo bye; exit 7'], terminationMessagePolicy: 'FallbackToLogsOnError' },
    says: [waiting('CrashLoopBackOff'), /Reason:\s+Error\n\s+Message:\s+bye/, /Exit Code:\s+7/],
  },
  'unwritable-path': {
    container: {
      command: ['sh', '-c', 'echo x > /etc/file'],
      securityContext: { readOnlyRootFilesystem: true },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    },
    spec: { restartPolicy: 'Never' },
    says: [/Status:\s+Failed/, /can't create \/etc\/file: Read-only file system/, /Exit Code:\s+1/],
  },
  'sub-path-through-a-link': {
    container: { volumeMounts: [{ name: 'v', mountPath: '/x', subPath: 'link' }] },
    spec: inVolume('ln -s /etc /v/link'),
    says: [
      waiting('CreateContainerConfigError'),
      /Error: failed to prepare subPath for volumeMount "v" of container "main"$/m,
    ],
  },
  'sub-path-below-a-file': {
    container: { volumeMounts: [{ name: 'v', mountPath: '/x', subPath: 'file/below' }] },
    spec: inVolume('touch /v/file'),
    says: [/Error: failed to prepare subPath for volumeMount "v" of container "main"$/m],
  },
  'full-volume': {
    ...volume({ emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }),
    container: {
      command: ['dd', 'if=/dev/zero', 'of=/v/x', 'bs=1M', 'count=4'],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
      terminationMessagePolicy: 'FallbackToLogsOnError',
    },
    says: [/error writing '\/v\/x': No space left on device/],
  },
  'too-large-volume': {
    ...volume({ emptyDir: { sizeLimit: '1Mi' } }),
    container: {
      command: ['sh', '-c', 'dd if=/dev/zero of=/v/x bs=1M count=4; exec sleep 1000'],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
    says: [/Status:\s+Failed\nReason:\s+Evicted\nMessage:\s+Usage of EmptyDir volume "v" exceeds the limit "1Mi"\./],
  },
  'too-much-storage': {
    container: {
      command: ['sh', '-c', 'dd if=/dev/zero of=/x bs=1M count=4; exec sleep 1000'],
      resources: { limits: { 'ephemeral-storage': '2Mi' } },
    },
    says: [
      /Reason:\s+Evicted\nMessage:\s+Pod ephemeral local storage usage exceeds the total limit of containers 2Mi\./,
    ],
  },
  'too-much-memory': {
    container: {
      command: ['sh', '-c', 'x=a; while :; do x=$x$x; done'],
      resources: { limits: { memory: '16Mi' } },
    },
    spec: { restartPolicy: 'Never' },
    says: [/State:\s+Terminated\n\s+Reason:\s+OOMKilled\n\s+Exit Code:\s+137/],
  },
  'too-late': {
    spec: { activeDeadlineSeconds: 1 },
    says: [/Reason:\s+DeadlineExceeded\nMessage:\s+Pod was active on the node longer than the specified deadline/],
  },
  'not-root': {
    container: { securityContext: { runAsNonRoot: true } },
    says: [failed('container has runAsNonRoot and image will run as root')],
  },
  'foreign-runtime': {
    spec: { runtimeClassName: 'CLASS' },
    says: [
      /Warning\s+FailedCreatePodSandBox\s.*Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured/,
    ],
  },
  'own-users': {
    spec: { hostUsers: false },
    says: [/FailedCreatePodSandBox\s.*can't set `spec.hostUsers: false`, runtime does not support user namespaces/],
  },
  'unsafe-sysctl': {
    spec: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] } },
    says: [
      /Reason:\s+SysctlForbidden\nMessage:\s+Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted/,
      /Warning\s+SysctlForbidden\s.*forbidden sysctl: "kernel.msgmax" not allowlisted/,
    ],
  },
  'too-much-cpu': {
    container: { resources: { requests: { cpu: '9999' } } },
    spec: { nodeName: 'NODE' },
    says: [
      /Status:\s+Failed\nReason:\s+OutOfcpu\nMessage:\s+Pod was rejected: Node didn't have enough resource: cpu, requested: 9999000, used: \d+, capacity: \d+/,
      /Warning\s+OutOfcpu\s.*Node didn't have enough resource: cpu/,
    ],
  },
  'huge-pages': {
    container: {
      resources: { requests: { cpu: '1m', 'hugepages-2Mi': '2Mi' }, limits: { 'hugepages-2Mi': '2Mi' } },
    },
    spec: { nodeName: 'NODE' },
    says: [
      /Reason:\s+OutOfhugepages-2Mi\nMessage:\s+Pod was rejected: Node didn't have enough resource: hugepages-2Mi, requested: 2097152, used: 0, capacity: 0/,
    ],
  },
  'huge-page-volume': {
    ...volume({ emptyDir: { medium: 'HugePages' } }),
    says: [
      failedMount('medium HugePages: hugePages storage requested, but there is no resource request for huge pages'),
    ],
  },
  'app-armor': {
    spec: { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
    says: [
      /Reason:\s+AppArmor\nMessage:\s+Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host/,
      /Warning\s+AppArmor\s.*Cannot enforce AppArmor: AppArmor is not enabled on the host/,
    ],
  },
  'bad-image-name': {
    container: { image: 'UPPER/Case' },
    says: [
      waiting('InvalidImageName'),
      /InspectFailed\s.*couldn't parse image name "UPPER\/Case": invalid reference format/,
    ],
  },
  'never-pulled': {
    container: { image: 'nosuch:1', imagePullPolicy: 'Never' },
    says: [waiting('ErrImageNeverPull'), /Container image "nosuch:1" is not present with pull policy of Never/],
  },
  'bad-hook': {
    container: { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'exit 4'] } } } },
    says: [/Warning\s+FailedPostStartHook\s/, /Normal\s+Killing\s.*FailedPostStartHook/],
  },
};

let space: Awaited<ReturnType<typeof makeNamespace>>;
let node: string;

function podOf(name: string, { container, spec }: Fault): object {
  const text = JSON.stringify({
    terminationGracePeriodSeconds: 1,
    ...spec,
    containers: [{ name: 'main', image: 'busybox:1.36', command: ['sleep', '1000'], ...container }],
  });
  const full = JSON.parse(text.replace('CLASS', space.name).replace('NODE', node)) as object;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: full };
}

beforeAll(async () => {
  space = await makeNamespace('faults');
  [node = ''] = await nodeNames();
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: space.name },
    handler: 'gvisor',
  };
  await kubectl.run(['create', '-f', '-'], { input: JSON.stringify(runtimeClass) });
  const present = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'present' }, data: { a: 'one' } };
  const items = [present, ...Object.entries(faults).map(([name, fault]) => podOf(name, fault))];
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
});
afterAll(async () => {
  await space.remove();
  await kubectl.try(['delete', 'runtimeclass', space.name]);
});

test.each(Object.keys(faults))('%s', async (name) => {
  await eventually(
    async () => {
      const description = await kubectl.run(['-n', space.name, 'describe', 'pod', name]);
      for (const part of faults[name]?.says ?? []) expect(description).toMatch(part);
    },
    { what: `what is wrong with ${name}`, timeoutMs: 90_000, intervalMs: 500 },
  );
});

test.each([
  ['too-much-cpu', 'OutOfcpu'],
  ['huge-pages', 'OutOfhugepages-2Mi'],
  ['app-armor', 'AppArmor'],
  ['unsafe-sysctl', 'SysctlForbidden'],
])('kubectl get shows why %s was refused, rather than a container that it never had', async (name, reason) => {
  await eventually(
    async () =>
      expect(await kubectl.run(['-n', space.name, 'get', 'pod', name, '--no-headers'])).toMatch(
        new RegExp(`^${name}\\s+0/1\\s+${reason}\\s+0\\s`),
      ),
    { what: reason },
  );
});
