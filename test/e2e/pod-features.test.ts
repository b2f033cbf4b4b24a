/** What a pod's spec says has its effect on the node. All pods run at the same time. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, nodeNames, type PodView } from './lab.js';

const image = 'busybox:1.36';
const sleeping = ['sh', '-c', 'trap exit TERM; while :; do sleep 0.2; done'];
const data = { name: 'data', emptyDir: {} };
const inData = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
/** NODE and SPACE are filled in when they are known. */
const onOneNode = { nodeSelector: { 'kubernetes.io/hostname': 'NODE' } };
const onNode = { name: 'data', hostPath: { path: '/var/tmp/SPACE', type: 'DirectoryOrCreate' } };
const step = (name: string, script: string, more: object = {}): object => ({
  name,
  image,
  command: ['sh', '-c', script],
  ...inData,
  ...more,
});

const pods: Record<string, object> = {
  sidecar: {
    restartPolicy: 'Never',
    initContainers: [
      step('one', 'echo one >> /data/log'),
      step(
        'side',
        'echo side >> /data/log; touch /data/ready; trap "cat /data/log > /dev/termination-log; exit 0" TERM; while :; do sleep 0.2; done',
        {
          restartPolicy: 'Always',
          startupProbe: { exec: { command: ['test', '-e', '/data/ready'] }, periodSeconds: 1 },
        },
      ),
      step('two', 'echo two >> /data/log'),
    ],
    containers: [step('app', 'echo app >> /data/log')],
    volumes: [data],
  },
  hooks: {
    ...onOneNode,
    terminationGracePeriodSeconds: 10,
    containers: [
      step('app', 'trap "echo term >> /data/log; exit 0" TERM; while :; do sleep 0.1; done', {
        lifecycle: {
          postStart: { exec: { command: ['sh', '-c', 'echo postStart > /data/log'] } },
          preStop: { exec: { command: ['sh', '-c', 'echo preStop >> /data/log'] } },
        },
      }),
    ],
    volumes: [onNode],
  },
  reader: { ...onOneNode, containers: [{ name: 'app', image, command: sleeping, ...inData }], volumes: [onNode] },
  sysctls: {
    securityContext: {
      sysctls: [
        { name: 'net.ipv4.ip_unprivileged_port_start', value: '99' },
        { name: 'kernel.shm_rmid_forced', value: '1' },
      ],
    },
    containers: [{ name: 'app', image, command: sleeping }],
  },
  together: {
    shareProcessNamespace: true,
    hostname: 'first',
    subdomain: 'second',
    setHostnameAsFQDN: true,
    containers: [
      { name: 'app', image, command: sleeping },
      { name: 'other', image, command: ['sleep', '4321'] },
    ],
  },
  host: { hostPID: true, hostIPC: true, containers: [{ name: 'app', image, command: sleeping }] },
  confined: {
    containers: [
      { name: 'app', image, command: sleeping, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    ],
  },
  port: { containers: [{ name: 'app', image: 'nginx', ports: [{ containerPort: 80, hostPort: 8765 }] }] },
  token: {
    containers: [{ name: 'app', image, command: sleeping, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    volumes: [
      {
        name: 'v',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', audience: 'somebody', expirationSeconds: 600 } },
            { configMap: { name: 'settings' } },
          ],
        },
      },
    ],
  },
  propagation: {
    containers: [
      {
        name: 'app',
        image,
        command: ['sh', '-c', 'mkdir -p /v/m && mount -t tmpfs t /v/m && touch /v/m/inner && exec sleep 1000'],
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'data', mountPath: '/v', mountPropagation: 'Bidirectional' }],
      },
      {
        name: 'sees',
        image,
        command: sleeping,
        volumeMounts: [{ name: 'data', mountPath: '/v', mountPropagation: 'HostToContainer' }],
      },
    ],
    volumes: [data],
  },
  resized: {
    containers: [
      {
        name: 'app',
        image,
        command: sleeping,
        resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
      },
    ],
  },
};

let space: Awaited<ReturnType<typeof makeNamespace>>;
const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];
const exec = (pod: string, ...command: string[]): Promise<string> =>
  kubectl.run(inSpace('exec', pod, '-c', 'app', '--', ...command));
const podOf = (name: string): Promise<PodView & { status: { podIP?: string; hostIP?: string } }> =>
  kubectl.json(inSpace('get', 'pod', name));

async function untilReady(name: string): Promise<void> {
  await kubectl.run(inSpace('wait', 'pod', name, '--for=condition=Ready', '--timeout=90s'), { timeoutMs: 100_000 });
}

async function create(objects: readonly object[]): Promise<void> {
  const [node = ''] = await nodeNames();
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const input = list.replaceAll('NODE', node).replaceAll('SPACE', space.name);
  await kubectl.run(inSpace('create', '-f', '-'), { input });
}

beforeAll(async () => {
  space = await makeNamespace('features');
  await create([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { color: 'red' } },
    ...Object.entries(pods).map(([name, spec]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { terminationGracePeriodSeconds: 1, ...spec },
    })),
  ]);
});
afterAll(() => space.remove());

test('sidecars start in their place among the init containers, and end after the others', async () => {
  await kubectl.run(inSpace('wait', 'pod', 'sidecar', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=90s'), {
    timeoutMs: 100_000,
  });
  const message = '{.status.initContainerStatuses[?(@.name=="side")].state.terminated.message}';
  expect(await kubectl.run(inSpace('get', 'pod', 'sidecar', '-o', `jsonpath=${message}`))).toBe(
    'one\nside\ntwo\napp\n',
  );
});

test('postStart, preStop, TERM, in this order', async () => {
  await Promise.all([untilReady('hooks'), untilReady('reader')]);
  await kubectl.run(inSpace('delete', 'pod', 'hooks'));
  expect(await exec('reader', 'cat', '/data/log')).toBe('postStart\npreStop\nterm\n');
  await exec('reader', 'rm', '/data/log');
});

test('safe sysctls', async () => {
  await untilReady('sysctls');
  expect(
    await exec('sysctls', 'cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start', '/proc/sys/kernel/shm_rmid_forced'),
  ).toBe('99\n1\n');
});

test('one PID namespace for the pod, and its full name as host name', async () => {
  await untilReady('together');
  const processes = await exec('together', 'ps', '-o', 'pid,args');
  expect(processes).toMatch(/^\s*1 \/pause$/m);
  expect(processes).toMatch(/sleep 4321/);
  expect((await exec('together', 'hostname')).trim()).toBe(`first.second.${space.name}.svc.cluster.local`);
});

test('the node’s PID and IPC namespaces', async () => {
  await untilReady('host');
  expect(await exec('host', 'ps', '-o', 'args')).toMatch(/kubelet\.mjs/);
});

test('the default seccomp profile', async () => {
  await untilReady('confined');
  expect(await exec('confined', 'grep', 'Seccomp:', '/proc/self/status')).toMatch(/Seccomp:\s+2/);
});

test('a host port answers on the pod’s node', async () => {
  await untilReady('port');
  await untilReady('host');
  const { status } = await podOf('port');
  expect(await exec('host', 'wget', '-qO-', '-T', '5', `http://${status.hostIP}:8765/`)).toMatch(/nginx/i);
});

test('a projected token for its audience, beside content that follows its source', async () => {
  await untilReady('token');
  const [, claims = ''] = (await exec('token', 'cat', '/v/token')).split('.');
  const { aud, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Record<string, unknown>;
  expect([aud, Number(exp) - Number(iat)]).toEqual([['somebody'], 600]);
  await kubectl.run(inSpace('patch', 'configmap', 'settings', '-p', '{"data":{"color":"blue"}}'));
  await eventually(async () => expect(await exec('token', 'cat', '/v/color')).toBe('blue'), {
    what: 'the new content',
    timeoutMs: 90_000,
    intervalMs: 500,
  });
});

test('kubectl debug with --target looks into a container’s processes from beside it', async () => {
  const script = 'ps -o args; cat /proc/1/comm; exit 3';
  const debug = ['debug', 'confined', `--image=${image}`, '--target=app', '-c', 'debugger', '--', 'sh', '-c', script];
  await untilReady('confined');
  await kubectl.run(inSpace(...debug));
  const ended = '--for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=3';
  await kubectl.run(inSpace('wait', 'pod', 'confined', ended, '--timeout=60s'), { timeoutMs: 70_000 });
  expect(await kubectl.run(inSpace('logs', 'confined', '-c', 'debugger'))).toMatch(
    /trap exit TERM[\s\S]*ps -o args[\s\S]*^sh$/m,
  );
  const description = await kubectl.run(inSpace('describe', 'pod', 'confined'));
  expect(description).toMatch(/Ephemeral Containers:\n {2}debugger:[\s\S]*State:\s+Terminated[\s\S]*Exit Code:\s+3/);
  const { status } = await podOf('confined');
  expect(status.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});

test('kubectl debug of a node shows the node’s own files', async () => {
  const [node = ''] = await nodeNames();
  const script = 'chroot /host cat /run/kubelab/node-name; ls /host/var/lib/docker /host/var/lib/kubelet';
  const debug = ['debug', `node/${node}`, `--image=${image}`, '--', 'sh', '-c', script];
  const name = /pod (\S+) with/.exec(await kubectl.run(inSpace(...debug)))?.[1] ?? '';
  await kubectl.run(inSpace('wait', 'pod', name, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s'), {
    timeoutMs: 70_000,
  });
  expect(await kubectl.run(inSpace('logs', name))).toMatch(new RegExp(`^${node}\n[\\s\\S]*pods`));
});

test('a mount made in a privileged container is seen by its neighbour', async () => {
  await untilReady('propagation');
  const seen = kubectl.run(inSpace('exec', 'propagation', '-c', 'sees', '--', 'ls', '/v/m'));
  expect(await seen).toBe('inner\n');
});

test('resize in place, without a restart', async () => {
  await untilReady('resized');
  const limit = '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max';
  const patch = { spec: { containers: [{ name: 'app', resources: { limits: { cpu: '200m', memory: '96Mi' } } }] } };
  await kubectl.run(inSpace('patch', 'pod', 'resized', '--subresource=resize', '-p', JSON.stringify(patch)));
  await eventually(
    async () =>
      expect((await exec('resized', 'sh', '-c', `cat ${limit} 2>/dev/null || true`)).trim()).toBe(
        String(96 * 1024 * 1024),
      ),
    { what: 'the new limit in the container', timeoutMs: 60_000, intervalMs: 500 },
  );
  const { status } = await podOf('resized');
  expect(status.containerStatuses?.[0]?.restartCount).toBe(0);
});

test('what a class provisions is removed from the node with its claim, or kept, as its policy says', async () => {
  const keep = `keep-${space.name}`;
  const claim = (name: string, storageClassName: string): object => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Mi' } } },
  });
  const volumes = ['gone', 'kept'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumeMounts = ['gone', 'kept'].map((name) => ({ name, mountPath: `/${name}` }));
  const where = { ...onOneNode, terminationGracePeriodSeconds: 1 };
  const writer = {
    ...where,
    containers: [{ name: 'app', image, command: ['sh', '-c', 'touch /gone/x /kept/x; exec sleep 1000'], volumeMounts }],
    volumes,
  };
  const folder = { name: 'all', hostPath: { path: '/var/lib/kubelet/local-volumes' } };
  const looker = {
    ...where,
    containers: [{ name: 'app', image, command: sleeping, volumeMounts: [{ name: 'all', mountPath: '/all' }] }],
    volumes: [folder],
  };
  await create([
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: keep },
      provisioner: 'kubelab.io/local-path',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    claim('gone', 'standard'),
    claim('kept', keep),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'writer' }, spec: writer },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'looker' }, spec: looker },
  ]);
  const volumeOf = (name: string): Promise<string> =>
    kubectl.run(inSpace('get', 'pvc', name, '-o', 'jsonpath={.spec.volumeName}'));
  try {
    await untilReady('writer');
    await untilReady('looker');
    const [gone, kept] = [await volumeOf('gone'), await volumeOf('kept')];
    await kubectl.run(inSpace('delete', 'pod/writer', 'pvc/gone', 'pvc/kept'));
    await eventually(async () => expect(await exec('looker', 'ls', '/all')).not.toContain(gone), {
      what: 'the folder is gone',
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    expect(await exec('looker', 'ls', `/all/${kept}`)).toBe('x\n');
    expect((await kubectl.try(['get', 'pv', gone])).stderr).toMatch(/not found/);
    expect(await kubectl.run(['get', 'pv', kept])).toMatch(/Released/);
    await exec('looker', 'rm', '-r', `/all/${kept}`);
    await kubectl.run(['delete', 'pv', kept]);
  } finally {
    await kubectl.try(['delete', 'storageclass', keep]);
  }
});
