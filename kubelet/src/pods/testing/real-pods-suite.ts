/** The kubelet on a real runtime, as tests: what a fake runtime cannot show. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configMaps, secrets } from '@kubelab/api/resource-types';
import type { Container, VolumeMount } from '@kubelab/api/types';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import type { Config } from '../../config.js';
import { busyboxImage } from '../../dockershim/testing/test-images.js';
import { TestNode } from '../../testing/test-node.js';
import { LinuxMounter } from '../../volumes/mounter.js';

const patience = 60_000;

/** A runtime of the test's own; `busyboxImage` is there already. */
export interface RealRuntime {
  /** How container ids begin: `docker`. */
  name: string;
  /** Whether it knows the stop signals of the interface's newer versions. */
  hasStopSignals: boolean;
  runtime: RuntimeServiceClient;
  image: ImageServiceClient;
  /** It hangs until thaw(). */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export function shell(script: string, more: Partial<Container> = {}): Container {
  return { name: 'app', image: busyboxImage, command: ['sh', '-c', script], ...more };
}

/** Runs until it is told to end, and then ends at once. */
export const serve = 'trap "exit 0" TERM; while true; do sleep 0.1; done';

/** A kubelet on the runtime, with its folders and mounts. */
export async function startRealNode({ runtime, image }: RealRuntime, config: Partial<Config> = {}): Promise<TestNode> {
  return TestNode.start({ connect: () => ({ runtime, imageService: image }), mounter: new LinuxMounter(), config });
}

export async function stopRealNode(node: TestNode): Promise<void> {
  await node.stopKubelet();
  const mounter = new LinuxMounter();
  for (const point of await mounter.mountsBelow(node.root)) await mounter.unmount(point);
  await node.stop();
}

/** Ids of all that the runtime has, running or not; of one pod when it is named. */
export async function leftIn({ runtime }: RealRuntime, pod?: string): Promise<string[]> {
  const filter = { labelSelector: pod === undefined ? {} : { 'io.kubernetes.pod.name': pod } };
  const [{ items }, { containers }] = await Promise.all([
    runtime.listPodSandbox({ filter }),
    runtime.listContainers({ filter }),
  ]);
  return [...items, ...containers].map(({ id }) => id);
}

export function describeRealPods(name: string, start: () => Promise<RealRuntime>): void {
  describe(`a pod on ${name}`, () => {
    let real: RealRuntime;
    let node: TestNode;

    beforeAll(async () => {
      real = await start();
      node = await startRealNode(real);
    }, patience);

    afterAll(async () => {
      await stopRealNode(node);
      await real.close();
    }, patience);

    async function finalWords(name: string): Promise<string> {
      const pod = await node.untilPod(
        name,
        'has ended',
        ({ status }) => status?.containerStatuses?.[0]?.state?.terminated,
      );
      return pod.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '';
    }

    async function output(
      script: string,
      name: string,
      more: { spec?: object; container?: Partial<Container> } = {},
    ): Promise<string> {
      const containers = [shell(`(${script}) > /dev/termination-log 2>&1`, more.container)];
      await node.createPod(name, { restartPolicy: 'Never', containers, ...more.spec });
      return finalWords(name);
    }

    test(
      'runs, and is gone without a trace after its deletion',
      async () => {
        await node.createPod('web', { containers: [shell(serve)], terminationGracePeriodSeconds: 10 });
        const pod = await node.untilReady('web');
        expect(pod.status?.podIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(pod.status?.containerStatuses?.[0]?.containerID).toMatch(new RegExp(`^${real.name}://[0-9a-f]{64}$`));
        await node.deletePod('web');
        await node.untilGone('web');
        expect(await leftIn(real, 'web')).toEqual([]);
        expect(existsSync(join(node.root, 'kubelet/pods/uid-web'))).toBe(false);
      },
      patience,
    );

    test(
      'sees its environment, host name, hosts file and resolver',
      async () => {
        const env = [
          { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          { name: 'BOTH', value: '$(NODE)/$(LIMIT)/$$(NODE)' },
        ];
        const script =
          'echo $BOTH; hostname; grep env-pod /etc/hosts | wc -l; grep -v nameserver /etc/resolv.conf; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max';
        const text = await output(script, 'env-pod', { container: { env, resources: { limits: { memory: '64Mi' } } } });
        expect(text.trim().split('\n')).toEqual([
          'node-1/64/$(NODE)',
          'env-pod',
          '1',
          expect.stringMatching(/^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/),
          'options ndots:5',
          String(64 * 1024 * 1024),
        ]);
      },
      patience,
    );

    test(
      'reports how it failed, with the end of its log when it asks for that',
      async () => {
        const container = shell('echo went wrong; exit 7', { terminationMessagePolicy: 'FallbackToLogsOnError' });
        await node.createPod('failed', { restartPolicy: 'Never', containers: [container] });
        expect(await finalWords('failed')).toBe('went wrong\n');
        expect(node.pod('failed')?.status).toMatchObject({
          phase: 'Failed',
          containerStatuses: [{ state: { terminated: { exitCode: 7, reason: 'Error' } } }],
        });
      },
      patience,
    );

    test(
      'leaves its last words in the file that it names, of which the end counts',
      async () => {
        const script = 'head -c 5000 /dev/zero | tr "\\0" x > /tmp/why; printf END >> /tmp/why; echo log; exit 7';
        const container = shell(script, {
          terminationMessagePath: '/tmp/why',
          terminationMessagePolicy: 'FallbackToLogsOnError',
        });
        await node.createPod('wordy', { restartPolicy: 'Never', containers: [container] });
        expect(await finalWords('wordy')).toBe(`${'x'.repeat(4093)}END`);
      },
      patience,
    );

    test(
      'that eats too much memory is killed and says OOMKilled',
      async () => {
        const container = shell('tail /dev/zero', { resources: { limits: { memory: '16Mi' } } });
        await node.createPod('hungry', { restartPolicy: 'Never', containers: [container] });
        const pod = await node.untilPod(
          'hungry',
          'has ended',
          ({ status }) => status?.containerStatuses?.[0]?.state?.terminated,
        );
        expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
          exitCode: 137,
          reason: 'OOMKilled',
        });
      },
      patience,
    );

    test(
      'that cannot start its command says why',
      async () => {
        await node.createPod('wrong', {
          restartPolicy: 'Never',
          containers: [{ name: 'app', image: busyboxImage, command: ['/no/such/thing'] }],
        });
        const pod = await node.untilPod('wrong', 'fails to start', ({ status }) => status?.phase === 'Failed');
        const [status] = pod.status?.containerStatuses ?? [];
        expect(status?.state?.terminated?.exitCode).toBeGreaterThan(125);
        expect(JSON.stringify(status)).toContain('/no/such/thing');
      },
      patience,
    );

    test(
      'mounts config maps, secrets, the downward API and empty folders, and sees changes',
      async () => {
        await node.cluster.create(configMaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'settings', namespace: 'default' },
          data: { color: 'red', 'sub.conf': 'x' },
        });
        await node.cluster.create(secrets, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'hidden', namespace: 'default' },
          data: { key: Buffer.from('s3cret').toString('base64') },
        });
        const volumes = [
          { name: 'map', configMap: { name: 'settings' } },
          { name: 'secret', secret: { secretName: 'hidden', defaultMode: 0o400 } },
          { name: 'down', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { name: 'scratch', emptyDir: {} },
          { name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ];
        const volumeMounts: VolumeMount[] = [
          { name: 'map', mountPath: '/map' },
          { name: 'map', mountPath: '/one.conf', subPath: 'sub.conf' },
          { name: 'secret', mountPath: '/secret' },
          { name: 'down', mountPath: '/down' },
          { name: 'scratch', mountPath: '/scratch' },
          { name: 'ram', mountPath: '/ram' },
        ];
        const script =
          'cat /map/color /one.conf /secret/key /down/name > /scratch/seen; stat -L -c %a /secret/key >> /scratch/seen; df /ram | tail -1 | cut -d" " -f1 >> /scratch/seen; while [ "$(cat /map/color)" = red ]; do sleep 0.05; done; cat /scratch/seen /map/color > /dev/termination-log';
        await node.createPod('volumes', {
          restartPolicy: 'Never',
          volumes,
          containers: [shell(script, { volumeMounts })],
        });
        await node.untilReady('volumes');
        const map = await node.cluster.get(configMaps, 'settings', 'default');
        await node.cluster.update(configMaps, { ...map, data: { color: 'blue' } });
        expect(await finalWords('volumes')).toBe('redxs3cretvolumes400\ntmpfs\nblue');
      },
      patience,
    );

    test(
      'may not reach out of a volume with a sub-path that is a link',
      async () => {
        const folder = join(node.root, 'data');
        await mkdir(folder, { recursive: true });
        await writeFile(join(node.root, 'outside'), 'not yours');
        await symlink('../outside', join(folder, 'way-out'));
        const volumes = [{ name: 'data', hostPath: { path: folder, type: 'Directory' } }];
        const volumeMounts = [{ name: 'data', mountPath: '/stolen', subPath: 'way-out' }];
        await node.createPod('thief', { volumes, containers: [shell('cat /stolen', { volumeMounts })] });
        const pod = await node.untilPod(
          'thief',
          'is refused',
          ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
        );
        expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
          /failed to prepare subPath for volumeMount "data" of container "app"/,
        );
        await node.deletePod('thief');
        await node.untilGone('thief');
        expect(await readFile(join(node.root, 'outside'), 'utf8')).toBe('not yours');
      },
      patience,
    );

    test(
      'gives its volumes to the fsGroup and runs as the user it asks for',
      async () => {
        const volumes = [{ name: 'scratch', emptyDir: {} }];
        const spec = { volumes, securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 } };
        const container = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] };
        const text = await output('id -u; id -G; touch /scratch/f; stat -c %g /scratch/f', 'grouped', {
          spec,
          container,
        });
        expect(text.trim().split('\n')).toEqual(['1000', expect.stringContaining('2000'), '2000']);
      },
      patience,
    );

    test(
      'has the rights, the groups, the share of the processor, the names and the folder that it asks for, and no others',
      async () => {
        const spec = {
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 1001,
            supplementalGroups: [3000],
            seccompProfile: { type: 'RuntimeDefault' },
          },
          hostAliases: [{ ip: '192.0.2.7', hostnames: ['far', 'away'] }],
          dnsPolicy: 'None',
          dnsConfig: {
            nameservers: ['192.0.2.53'],
            searches: ['corp.test'],
            options: [{ name: 'ndots', value: '2' }],
          },
          volumes: [{ name: 'scratch', emptyDir: {} }],
        };
        const container = {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          env: [{ name: 'WHO', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: [{ name: 'scratch', mountPath: '/s', subPathExpr: 'of-$(WHO)' }],
          resources: { limits: { cpu: '200m' } },
        };
        const script = [
          'grep -E "^(CapBnd|CapEff|NoNewPrivs|Seccomp):" /proc/self/status | tr -s "\t" " "',
          'id -u; id -G; cat /etc/resolv.conf; grep far /etc/hosts | tr "\t" " "',
          'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max',
          'touch /no; touch /s/yes && ls /s',
        ].join('; ');
        expect((await output(script, 'limited', { spec, container })).trim().split('\n')).toEqual([
          'CapEff: 0000000000000000',
          'CapBnd: 0000000000000000',
          'NoNewPrivs: 1',
          'Seccomp: 2',
          '1000',
          '1001 3000',
          'search corp.test',
          'nameserver 192.0.2.53',
          'options ndots:2',
          '192.0.2.7 far away',
          '20000',
          'touch: /no: Read-only file system',
          'yes',
        ]);
      },
      patience,
    );

    test(
      'ends with its stop signal, or says that its runtime has none',
      async () => {
        const folder = join(node.root, 'signals');
        await mkdir(folder, { recursive: true });
        const told = (signal: string) => `trap "echo ${signal} > /signals/got; exit 0" ${signal}`;
        const script = `${told('USR1')}; ${told('TERM')}; while true; do sleep 0.1; done`;
        const container = shell(script, {
          lifecycle: { stopSignal: 'SIGUSR1' },
          volumeMounts: [{ name: 'signals', mountPath: '/signals' }],
        });
        const volumes = [{ name: 'signals', hostPath: { path: folder } }];
        await node.createPod('signalled', { volumes, containers: [container], terminationGracePeriodSeconds: 10 });
        const pod = await node.untilReady('signalled');
        const shown = pod.status?.containerStatuses?.[0]?.stopSignal;
        const warning =
          'StopSignalIgnored: The container runtime does not support stop signals: container app will not get SIGUSR1 when it is stopped';
        if (real.hasStopSignals) expect(shown).toBe('SIGUSR1');
        else await node.until('it is told', () => node.events('signalled').includes(warning));
        expect(shown === undefined).toBe(node.events('signalled').includes(warning));
        await node.deletePod('signalled');
        await node.untilGone('signalled');
        expect(await readFile(join(folder, 'got'), 'utf8')).toBe(real.hasStopSignals ? 'USR1\n' : 'TERM\n');
      },
      patience,
    );

    test(
      'is adopted by a kubelet that was killed, and its processes go on',
      async () => {
        await node.createPod('steady', { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
        const before = await node.untilReady('steady');
        await node.stopKubelet();
        await node.startKubelet();
        await node.createPod('other', { containers: [shell(serve)], terminationGracePeriodSeconds: 5 });
        await node.untilReady('other');
        expect(node.pod('steady')?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
        for (const name of ['steady', 'other']) {
          await node.deletePod(name);
          await node.untilGone(name);
        }
      },
      patience,
    );

    test(
      'leaves nothing at all when everything is deleted',
      async () => {
        for (const { metadata } of node.cluster.all((await import('@kubelab/api/resource-types')).pods)) {
          await node.deletePod(metadata.name);
          await node.untilGone(metadata.name);
        }
        expect(await leftIn(real)).toEqual([]);
        expect(await readdir(join(node.root, 'kubelet/pods'))).toEqual([]);
        expect(await readdir(join(node.root, 'kubelet/memory'))).toEqual([]);
        expect(await readdir(join(node.root, 'logs'))).toEqual([]);
      },
      patience,
    );
  });
}
