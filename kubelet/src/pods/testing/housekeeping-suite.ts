/** What the kubelet does to a runtime in the background, as tests: logs, dead containers, images, and pods that use too much. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Container } from '@kubelab/api/types';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import type { Config } from '../../config.js';
import { busyboxImage, pauseImage, userImage } from '../../dockershim/testing/test-images.js';
import { LogFiles } from '../../server/log-files.js';
import { readLog } from '../../server/log-reader.js';
import { TestNode } from '../../testing/test-node.js';
import { LinuxMounter } from '../../volumes/mounter.js';
import { type RealRuntime, serve, shell, stopRealNode } from './real-pods-suite.js';

const patience = 90_000;

/** Each test has a kubelet of its own, with its own settings, on the one runtime. */
export function describeHousekeeping(name: string, start: () => Promise<RealRuntime>): void {
  describe(`housekeeping on ${name}`, () => {
    let real: RealRuntime;
    let node: TestNode | undefined;

    beforeAll(async () => {
      real = await start();
    }, patience);
    afterEach(async () => {
      if (!node) return;
      for (const pod of ['web', 'other', 'hungry'].filter((pod) => node?.pod(pod))) {
        await node.deletePod(pod);
        await node.untilGone(pod);
      }
      await stopRealNode(node);
      node = undefined;
    }, patience);
    afterAll(() => real.close(), patience);

    async function startNode(config: Partial<Config>, options: { fast?: boolean } = {}): Promise<TestNode> {
      const { runtime, image: imageService } = real;
      node = await TestNode.start({
        connect: () => ({ runtime, imageService }),
        mounter: new LinuxMounter(),
        config: { 'pod-infra-container-image': pauseImage, ...config },
        // Turned by the waiting of the tests: back-off and periods pass sooner than on the runtime's own clock.
        ...(options.fast ? { clock: new FakeClock(Date.now()) } : {}),
      });
      return node;
    }

    test(
      'a log is rotated and compressed while its container writes, and no line is lost',
      async () => {
        const settings = { 'container-log-max-size': '20Ki', 'container-log-max-files': 4 };
        const kubelet = await startNode({ ...settings, 'container-log-monitor-interval': 1_500 });
        const lines =
          'i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo "line $i"; [ $((i % 10)) = 0 ] && sleep 0.03; done';
        await kubelet.createPod('web', { containers: [shell(`${lines}; ${serve}`)] });
        await kubelet.untilReady('web');
        const folder = await logFolder(kubelet, 'web');
        const followed = await followTo(join(folder, '0.log'), 'line 1500');
        await waitFor(async () => (await readLines(folder)).at(-1) === 'line 1500', 'all has been written');
        const names = (await readdir(folder)).sort();
        expect(names.length).toBeGreaterThanOrEqual(3);
        expect(names.length).toBeLessThanOrEqual(4);
        expect(names.filter((file) => /^0\.log\.\d{8}-\d{6}\.gz$/.test(file)).length).toBeGreaterThan(0);
        const seen = await readLines(folder);
        expect(seen).toEqual(linesFrom(seen[0]));
        expect(followed).toEqual(linesFrom(followed[0]));
        expect(followed.length).toBeGreaterThanOrEqual(seen.length);
      },
      patience,
    );

    test(
      'of the dead containers of one that fails again and again, the last is kept',
      async () => {
        const kubelet = await startNode({}, { fast: true });
        await kubelet.createPod('web', { containers: [shell('exit 3')] });
        await kubelet.untilPod(
          'web',
          'has failed four times',
          ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 3,
        );
        const dead = async (): Promise<number[]> => {
          const { containers } = await real.runtime.listContainers({
            filter: { labelSelector: { 'io.kubernetes.pod.name': 'web' }, state: { state: 'CONTAINER_EXITED' } },
          });
          return containers.map(({ metadata }) => metadata?.attempt ?? -1);
        };
        // One that runs at the moment is not among them.
        await waitFor(async () => (await dead()).length === 1, 'one dead container is left', kubelet);
        const [kept = 0] = await dead();
        expect(kept).toBeGreaterThanOrEqual(2);
        expect((await readdir(await logFolder(kubelet, 'web'))).length).toBeLessThanOrEqual(2);
      },
      patience,
    );

    test(
      'a pod whose container fills its layer is evicted, and says why',
      async () => {
        const kubelet = await startNode({});
        const limits = { 'ephemeral-storage': '1Mi' };
        const fill = shell(`head -c 3000000 /dev/urandom > /filled; ${serve}`, { resources: { limits } });
        await kubelet.createPod('hungry', { containers: [fill] });
        await kubelet.createPod('other', { containers: [shell(serve, { resources: { limits } })] });
        const { status } = await waitForPod(kubelet, 'hungry', 'Failed');
        expect(status).toMatchObject({
          reason: 'Evicted',
          message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
        });
        expect(kubelet.pod('other')?.status?.phase).toBe('Running');
        const filter = {
          labelSelector: { 'io.kubernetes.pod.name': 'hungry' },
          state: { state: 'CONTAINER_RUNNING' as const },
        };
        const running = async () => (await real.runtime.listContainers({ filter })).containers.length;
        await waitFor(async () => (await running()) === 0, 'it runs no more');
      },
      patience,
    );

    test(
      'when memory gets low, the pod that uses most beyond its request goes first',
      async () => {
        const hold = (megabytes: number): Container =>
          shell(`x=$(head -c ${megabytes}000000 /dev/zero | tr '\\0' x); ${serve}`);
        const kubelet = await startNode({});
        await kubelet.createPod('other', { containers: [hold(1)] });
        await kubelet.createPod('hungry', { containers: [hold(40)] });
        await kubelet.untilReady('other');
        await kubelet.untilReady('hungry');
        await waitFor(async () => (await memoryOf(real, 'hungry')) > 30_000_000, 'the memory is in use');
        await kubelet.stopKubelet();
        // More than any machine has free.
        kubelet.configure({ 'eviction-hard': 'memory.available<100%' });
        await kubelet.startKubelet();
        const { status } = await waitForPod(kubelet, 'hungry', 'Failed');
        expect(status?.reason).toBe('Evicted');
        expect(status?.message).toMatch(
          /^The node was low on resource: memory\. Threshold quantity: .+, available: .+\. Container app was using (\d{5}Ki|\d\dMi), request is 0, has larger consumption of memory\. $/,
        );
        expect(kubelet.events('hungry')).toContainEqual(
          expect.stringMatching(/^Evicted: The node was low on resource/),
        );
      },
      patience,
    );

    // The last: it takes images away.
    test(
      'an image that nobody has used for too long goes, those of running pods and of sandboxes stay',
      async () => {
        const names = async (): Promise<string[]> =>
          (await real.image.listImages({})).images
            .flatMap(({ repoTags }) => repoTags)
            .map((tag) => tag.replace(/^docker\.io\/(library\/)?/, ''))
            .sort();
        expect(await names()).toEqual([busyboxImage, pauseImage, userImage].sort());
        const settings = { 'image-maximum-gc-age': 60_000, 'minimum-image-ttl-duration': 0 };
        const kubelet = await startNode(settings, { fast: true });
        await kubelet.createPod('web', { containers: [shell(serve)] });
        await kubelet.untilReady('web');
        await waitFor(async () => !(await names()).includes(userImage), 'the image is gone', kubelet);
        expect(await names()).toEqual([busyboxImage, pauseImage].sort());
      },
      patience,
    );
  });
}

async function logFolder(node: TestNode, pod: string): Promise<string> {
  const root = join(node.root, 'logs');
  const [folder = ''] = (await readdir(root)).filter((name) => name.includes(`_${pod}_`));
  return join(root, folder, 'app');
}

/** All lines from this one to the last. */
function linesFrom(first = ''): string[] {
  const from = Number(first.split(' ')[1]);
  return Array.from({ length: 1500 - from + 1 }, (_, index) => `line ${from + index}`);
}

/** What `kubectl logs --follow` shows, from now to that line. */
async function followTo(path: string, last: string): Promise<string[]> {
  const stop = new AbortController();
  const files = await LogFiles.open(path, { follow: true });
  let text = '';
  for await (const chunk of readLog(files, { follow: { signal: stop.signal, isWriting: () => true } })) {
    text += chunk.toString();
    if (text.endsWith(`${last}\n`)) stop.abort();
  }
  return text.trimEnd().split('\n');
}

/** What the container wrote, from all files of its log, the oldest first. */
async function readLines(folder: string): Promise<string[]> {
  const rotated = (await readdir(folder)).filter((name) => !name.endsWith('.tmp') && name !== '0.log').sort();
  const texts: string[] = [];
  for (const name of [...rotated, '0.log']) {
    const data = await readFile(join(folder, name));
    texts.push((name.endsWith('.gz') ? gunzipSync(data) : data).toString());
  }
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\S+ stdout F /, ''));
}

async function memoryOf({ runtime }: RealRuntime, pod: string): Promise<number> {
  const filter = { labelSelector: { 'io.kubernetes.pod.name': pod } };
  const { stats } = await runtime.listContainerStats({ filter });
  return stats[0]?.memory?.workingSetBytes?.value ?? 0;
}

/** The eviction manager looks every ten seconds, and runtimes count layers as seldom. */
async function waitForPod(node: TestNode, name: string, phase: string) {
  await waitFor(async () => node.pod(name)?.status?.phase === phase, `${name} is ${phase}`);
  return node.pod(name) as NonNullable<ReturnType<TestNode['pod']>>;
}

/** With a node on a fake clock, time passes while it waits. */
async function waitFor(holds: () => Promise<boolean>, what: string, node?: TestNode): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    if (await holds().catch(ifGone)) return;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    if (node) await node.pass(10_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Files are renamed while they are read. */
function ifGone(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'ENOENT') return false;
  throw error;
}
