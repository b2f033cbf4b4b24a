/** What is wrong with a pod shows in its status and events, in upstream's words. */
import { runtimeClasses } from '@kubelab/api/resource-types';
import type { PodSpec } from '@kubelab/api/types';
import { CriError } from '@kubelab/proto/cri-error';
import { TestNode } from '../testing/test-node.js';
import { hasAppArmor } from './apparmor-admission.js';

const patience = 30_000;
const app = { name: 'app', image: 'app:1' };
let node: TestNode;

afterEach(() => node.stop());

async function untilWaiting(name: string, reason: string): Promise<string | undefined> {
  const waiting = (pod: { status?: import('@kubelab/api/types').PodStatus }) =>
    pod.status?.containerStatuses?.[0]?.state?.waiting;
  const pod = await node.untilPod(name, reason, (found) => waiting(found)?.reason === reason);
  return waiting(pod)?.message;
}

async function untilEvent(name: string, text: string): Promise<void> {
  await node.until(`${name} has the event "${text}": ${node.events(name)}`, () => node.events(name).includes(text));
}

test(
  'a runtime class that is not there, one that the runtime does not know, and one that it does',
  async () => {
    node = await TestNode.start();
    const classOf = (name: string, handler: string) =>
      node.cluster.create(runtimeClasses, {
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name },
        handler,
      });
    await classOf('strict', 'gvisor');
    await classOf('plain', 'known');
    node.runtime.intercept = (name, argument) => {
      if (name !== 'runPodSandbox' || (argument as { runtimeHandler: string }).runtimeHandler !== 'gvisor') return;
      throw new CriError('UNKNOWN', 'failed to get sandbox runtime: no runtime for "gvisor" is configured');
    };
    await node.createPod('missing', { runtimeClassName: 'nosuch', containers: [app] });
    await node.createPod('unknown', { runtimeClassName: 'strict', containers: [app] });
    await node.createPod('users', { hostUsers: false, containers: [app] });
    await node.createPod('known', { runtimeClassName: 'plain', containers: [app] });
    await node.untilReady('known');
    await untilEvent(
      'unknown',
      'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured',
    );
    await untilEvent(
      'missing',
      'FailedCreatePodSandBox: Failed to create pod sandbox: runtimeclass.node.k8s.io "nosuch" not found',
    );
    await untilEvent(
      'users',
      "FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
    const handlers = node.runtime.callsOf('runPodSandbox') as { runtimeHandler: string }[];
    expect(new Set(handlers.map(({ runtimeHandler }) => runtimeHandler))).toEqual(new Set(['gvisor', 'known']));
  },
  patience,
);

test(
  'a runtime that cannot stop a container at first is told of, and asked again until the pod is gone',
  async () => {
    node = await TestNode.start();
    await node.createPod('stubborn', { containers: [app, { ...app, name: 'beside' }] });
    await node.untilReady('stubborn');
    let stops = 0;
    let sandboxStops = 0;
    node.runtime.intercept = (name) => {
      if (name === 'stopContainer' && ++stops <= 2) throw new CriError('UNKNOWN', 'ttrpc: closed: unknown');
      if (name === 'stopPodSandbox' && ++sandboxStops === 1) throw new CriError('UNKNOWN', 'no');
    };
    await node.deletePod('stubborn', 1);
    await node.untilGone('stubborn');
    const told = node.events('stubborn').find((event) => event.startsWith('FailedKillPod: error killing pod: ['));
    for (const name of ['app', 'beside'])
      expect(told).toContain(
        `failed to "KillContainer" for "${name}" with KillContainerError: "rpc error: code = Unknown desc = ttrpc: closed: unknown", `,
      );
    expect(told).toMatch(
      /, failed to "KillPodSandbox" for ".+" with KillPodSandboxError: "rpc error: code = Unknown desc = no"\]$/,
    );
    expect(sandboxStops).toBeGreaterThan(1);
  },
  patience,
);

test(
  'an AppArmor profile is refused where the machine has no AppArmor',
  async () => {
    node = await TestNode.start();
    const securityContext = { appArmorProfile: { type: 'RuntimeDefault' } };
    await node.createPod('confined', { containers: [{ name: 'app', image: 'app:1', securityContext }] });
    if (await hasAppArmor()) {
      await node.untilReady('confined');
      return;
    }
    const refused = await node.untilPod('confined', 'fails', ({ status }) => status?.phase === 'Failed');
    expect(refused.status).toMatchObject({
      reason: 'AppArmor',
      message: 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host',
    });
    await untilEvent('confined', 'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host');
  },
  patience,
);

test(
  'sysctls that are not safe are refused, until the node allows them',
  async () => {
    node = await TestNode.start({ config: { 'allowed-unsafe-sysctls': ['kernel.msg*'] } });
    const withSysctl = (name: string) => ({
      containers: [app],
      securityContext: { sysctls: [{ name, value: '1' }] },
    });
    await node.createPod('refused', withSysctl('net.core.somaxconn'));
    await node.createPod('allowed', withSysctl('kernel.msgmax'));
    const refused = await node.untilPod('refused', 'fails', ({ status }) => status?.phase === 'Failed');
    expect(refused.status).toMatchObject({
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted',
    });
    await untilEvent('refused', 'SysctlForbidden: forbidden sysctl: "net.core.somaxconn" not allowlisted');
    await node.untilReady('allowed');
  },
  patience,
);

describe('volumes', () => {
  const mounting = (mount: object, volume: object): Partial<PodSpec> & Pick<PodSpec, 'containers'> => ({
    containers: [{ ...app, volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] }],
    volumes: [{ name: 'v', ...volume }],
  });

  test.each<[string, object, string]>([
    ['config map', { configMap: { name: 'nomap' } }, 'configmap "nomap" not found'],
    ['secret', { secret: { secretName: 'none' } }, 'secret "none" not found'],
    [
      'folder of the node',
      { hostPath: { path: '/nosuch', type: 'Directory' } },
      'hostPath type check failed: /nosuch is not a directory',
    ],
    [
      'huge page',
      { emptyDir: { medium: 'HugePages' } },
      'medium HugePages: hugePages storage requested, but there is no resource request for huge pages',
    ],
  ])(
    'a %s that is not there',
    async (_what, volume, text) => {
      node = await TestNode.start();
      await node.createPod('needy', mounting({}, volume));
      await untilEvent('needy', `FailedMount: MountVolume.SetUp failed for volume "v" : ${text}`);
      expect(node.pod('needy')?.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'ContainerCreating',
      });
    },
    patience,
  );

  test(
    'every volume that is wrong is told of by itself, and those that nobody can mount together',
    async () => {
      node = await TestNode.start();
      const volumes = [
        { name: 'b', nfs: { server: 'a', path: '/b' } },
        { name: 'a', persistentVolumeClaim: { claimName: 'none' } },
        { name: 'c', configMap: { name: 'nomap' } },
        { name: 'fine', emptyDir: {} },
        { name: 'unused', nfs: { server: 'a', path: '/b' } },
      ];
      const uses = {
        volumeMounts: ['a', 'c', 'fine'].map((name) => ({ name, mountPath: `/${name}` })),
        volumeDevices: [{ name: 'b', devicePath: '/dev/b' }],
      };
      await node.createPod('needy', { volumes, containers: [{ ...app, ...uses }] });
      await untilEvent('needy', 'FailedMount: MountVolume.SetUp failed for volume "c" : configmap "nomap" not found');
      await untilEvent(
        'needy',
        'FailedMount: Unable to attach or mount volumes: unmounted volumes=[a b c], unattached volumes=[], failed to process volumes=[a b]: error processing PVC default/none: failed to fetch PVC from API server: persistentvolumeclaims "none" not found; failed to get Plugin from volumeSpec for volume "b" err=no volume plugin matched: volumes of type "nfs" are not supported by this kubelet',
      );
      expect(node.runtime.callsOf('createContainer')).toHaveLength(0);
    },
    patience,
  );

  test.each<[string, object, string]>([
    ['that leaves the volume', { subPath: '../x' }, "unable to provision SubPath `../x`: must not contain '..'"],
    ['from the root', { subPath: '/x' }, 'error SubPath `/x` must not be an absolute path'],
    ['below a file', { subPath: 'file/below' }, 'failed to prepare subPath for volumeMount "v" of container "app"'],
    ['through a link', { subPath: 'link/passwd' }, 'failed to prepare subPath for volumeMount "v" of container "app"'],
    ['of a variable that is not there', { subPathExpr: '$(NOPE)' }, 'missing value for NOPE'],
    [
      'that is to be read-only to its depths',
      { readOnly: true, recursiveReadOnly: 'Enabled' },
      'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime',
    ],
  ])(
    'a sub-path %s',
    async (_what, mount, message) => {
      node = await TestNode.start();
      const { mkdir, symlink, writeFile } = await import('node:fs/promises');
      const path = `${node.root}/data`;
      await mkdir(path);
      await writeFile(`${path}/file`, '');
      await symlink('/etc', `${path}/link`);
      await node.createPod('bad', mounting(mount, { hostPath: { path } }));
      expect(await untilWaiting('bad', 'CreateContainerConfigError')).toBe(message);
      expect(node.runtime.callsOf('createContainer')).toHaveLength(0);
    },
    patience,
  );
});
