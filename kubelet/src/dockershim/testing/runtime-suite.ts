/** What every container runtime must do for the kubelet, as tests: run it against each implementation. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CriError, isCriError } from '@kubelab/proto/cri-error';
import type { ContainerEventResponse } from '@kubelab/proto/generated/runtime-v1';
import { eventually, type RuntimeConnection, readLog, TestPod } from './runtime-connection.js';

export interface SuiteConnection extends RuntimeConnection {
  /** A cgroup for a pod, as kubelets name one; empty leaves it to the runtime. */
  cgroupParent: string;
  /** Whether the runtime has an event stream; one that has none must say UNIMPLEMENTED. */
  tellsEvents: boolean;
}

export function describeRuntime(name: string, connect: () => Promise<SuiteConnection>): void {
  describe(`the runtime suite on ${name}`, () => {
    let connection: SuiteConnection;
    const pods: TestPod[] = [];
    const runPod: typeof TestPod.run = async (_connection, overrides) => {
      const pod = await TestPod.run(connection, overrides);
      pods.push(pod);
      return pod;
    };
    const context: SuiteContext = {
      connection: () => connection,
      runPod: (overrides) => runPod(connection, overrides),
    };

    beforeAll(async () => {
      connection = await connect();
    }, 120_000);
    afterEach(async () => {
      await Promise.all(pods.splice(0).map((pod) => pod.remove()));
    });
    afterAll(async () => {
      await connection?.close();
    }, 60_000);

    describeSandboxes(context);
    describeContainers(context);
    describeProcesses(context);
    describeLogs(context);
    describeExecSync(context);
    describeObservation(context);
    describeImages(context);
  });
}

/** Runtimes say it in one of two ways. */
const notRunning = /not running|in CONTAINER_EXITED state/;

/** What is gone counts as stopped, or is not found: the contract leaves it open, and the kubelet takes both. */
async function fineOrNotFound(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isCriError(error, 'NOT_FOUND')) throw error;
  }
}

interface SuiteContext {
  connection(): SuiteConnection;
  /** A pod that is removed after the test. */
  runPod(overrides?: Parameters<typeof TestPod.run>[1]): Promise<TestPod>;
}

function describeSandboxes({ connection, runPod }: SuiteContext): void {
  test('version and status answer, and pods can be run', async () => {
    const { runtime } = connection();
    expect((await runtime.version({})).runtimeApiVersion).toBe('v1');
    const { status } = await runtime.status({});
    // Runtimes may have more conditions than the two that the contract asks for.
    expect(status?.conditions.map(({ type, status }) => [type, status])).toEqual(
      expect.arrayContaining([
        ['RuntimeReady', true],
        ['NetworkReady', true],
      ]),
    );
  });

  test('a sandbox keeps its metadata, labels and annotations, gets an address and is listed', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const { status } = await runtime.podSandboxStatus({ podSandboxId: pod.sandboxId });
    expect(status).toMatchObject({
      id: pod.sandboxId,
      state: 'SANDBOX_READY',
      metadata: pod.config.metadata,
      labels: pod.config.labels,
      annotations: pod.config.annotations,
    });
    expect(status?.network?.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(status?.createdAt).toBeGreaterThan(1.6e18);
    const byLabel = await runtime.listPodSandbox({
      filter: { labelSelector: { 'io.kubernetes.pod.uid': pod.config.metadata?.uid ?? '' } },
    });
    expect(byLabel.items.map(({ id }) => id)).toEqual([pod.sandboxId]);
    const byState = await runtime.listPodSandbox({
      filter: { id: pod.sandboxId, state: { state: 'SANDBOX_NOTREADY' } },
    });
    expect(byState.items).toEqual([]);
  });

  test('stopping and removing a sandbox may be repeated, and takes its containers along', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.shell('sleep 1000');
    for (let round = 0; round < 2; round++) await runtime.stopPodSandbox({ podSandboxId: pod.sandboxId });
    const { status } = await runtime.podSandboxStatus({ podSandboxId: pod.sandboxId });
    expect(status?.state).toBe('SANDBOX_NOTREADY');
    expect((await pod.status(container)).state).toBe('CONTAINER_EXITED');
    for (let round = 0; round < 2; round++) await runtime.removePodSandbox({ podSandboxId: pod.sandboxId });
    await expect(runtime.podSandboxStatus({ podSandboxId: pod.sandboxId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(runtime.containerStatus({ containerId: container.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('the sandbox gives hostname, DNS settings and one network to its containers', async () => {
    const pod = await runPod({
      hostname: 'web-0',
      dnsConfig: {
        servers: ['10.96.0.10'],
        searches: ['default.svc.cluster.local', 'cluster.local'],
        options: ['ndots:5'],
      },
    });
    const server = await pod.shell('nc -l -p 8080 -e cat');
    const client = await pod.shell('sleep 1000');
    const { stdout } = await pod.exec(client, 'hostname; cat /etc/resolv.conf');
    expect(stdout).toContain('web-0\n');
    expect(stdout).toContain('search default.svc.cluster.local cluster.local\n');
    expect(stdout).toContain('nameserver 10.96.0.10\n');
    expect(stdout).toContain('options ndots:5\n');
    await eventually(
      () => pod.exec(client, 'echo hello | nc -w 2 127.0.0.1 8080'),
      ({ stdout }) => stdout === 'hello\n',
    );
    expect((await pod.status(server)).id).toBe(server.id);
  });

  test('an unknown runtime handler, missing metadata and unknown IDs are refused', async () => {
    const { runtime } = connection();
    await expect(
      runtime.runPodSandbox({ config: { metadata: { name: 'a', namespace: 'b', uid: 'c' } }, runtimeHandler: 'kata' }),
    ).rejects.toThrow(/kata/);
    await expect(runtime.runPodSandbox({ config: {} })).rejects.toThrow(/metadata/);
    await expect(runtime.podSandboxStatus({ podSandboxId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await fineOrNotFound(runtime.stopPodSandbox({ podSandboxId: 'nobody' }));
    await runtime.removePodSandbox({ podSandboxId: 'nobody' });
  });
}

function describeContainers({ connection, runPod }: SuiteContext): void {
  test('a container is created, runs, ends and tells how', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.create({ command: ['sh', '-c', 'exit 3'] });
    expect(await pod.status(container)).toMatchObject({ state: 'CONTAINER_CREATED', startedAt: 0, finishedAt: 0 });
    await runtime.startContainer({ containerId: container.id });
    const status = await pod.exited(container);
    expect(status).toMatchObject({ exitCode: 3, reason: 'Error', metadata: { name: 'c0', attempt: 0 } });
    // A process that ends at once may do so before its start is on record.
    expect(Math.min(status.startedAt, status.finishedAt)).toBeGreaterThanOrEqual(status.createdAt);
    expect(status.logPath).toBe(container.logPath);
    await expect(runtime.startContainer({ containerId: container.id })).rejects.toThrow(/state/);
  });

  test('exit code 0 is Completed', async () => {
    const pod = await runPod();
    expect(await pod.exited(await pod.shell('true'))).toMatchObject({ exitCode: 0, reason: 'Completed' });
  });

  test('a command that does not exist fails the start and leaves an exited container', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.create({ command: ['/no/such/program'] });
    await expect(runtime.startContainer({ containerId: container.id })).rejects.toThrow(/no such file or directory/);
    const status = await pod.status(container);
    expect(status).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 128, reason: 'StartError' });
    expect(status.message).toContain('no such file or directory');
  });

  test('stopping sends SIGTERM, kills after the grace period and may be repeated', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const polite = await pod.shell('trap "exit 7" TERM; while true; do sleep 0.1; done');
    const stubborn = await pod.shell('trap "" TERM; while true; do sleep 0.1; done');
    await runtime.stopContainer({ containerId: polite.id, timeout: 20 });
    expect(await pod.status(polite)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 7 });
    await runtime.stopContainer({ containerId: stubborn.id, timeout: 1 });
    expect(await pod.status(stubborn)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 });
    await runtime.stopContainer({ containerId: stubborn.id, timeout: 0 });
    await fineOrNotFound(runtime.stopContainer({ containerId: 'nobody', timeout: 0 }));
    for (let round = 0; round < 2; round++) await runtime.removeContainer({ containerId: polite.id });
    const { containers } = await runtime.listContainers({ filter: { podSandboxId: pod.sandboxId } });
    expect(containers.map(({ id }) => id)).toEqual([stubborn.id]);
  });

  test('lists are filtered by ID, state, sandbox and labels', async () => {
    const { runtime } = connection();
    const [one, two] = [await runPod(), await runPod()];
    const first = await one.shell('sleep 1000', { metadata: { name: 'first' }, labels: { tier: 'a' } });
    const second = await two.shell('sleep 1000', { metadata: { name: 'second' }, labels: { tier: 'b' } });
    const ids = async (filter: object): Promise<string[]> =>
      (await runtime.listContainers({ filter })).containers
        .map(({ id }) => id)
        .filter((id) => [first.id, second.id].includes(id));
    expect(await ids({ podSandboxId: one.sandboxId })).toEqual([first.id]);
    expect(await ids({ labelSelector: { tier: 'b' } })).toEqual([second.id]);
    expect(await ids({ id: first.id })).toEqual([first.id]);
    expect(await ids({ state: { state: 'CONTAINER_EXITED' } })).toEqual([]);
    expect((await ids({ state: { state: 'CONTAINER_RUNNING' } })).sort()).toEqual([first.id, second.id].sort());
  });

  test('a container in a sandbox that is gone, without an image or of a missing image is refused', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    await expect(pod.create({ image: { image: 'no/such:image' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(pod.create({ image: null })).rejects.toThrow(/image/);
    await expect(runtime.startContainer({ containerId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(runtime.containerStatus({ containerId: pod.sandboxId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}

function describeProcesses({ connection, runPod }: SuiteContext): void {
  test('environment, working directory, arguments, user and groups are as asked', async () => {
    const pod = await runPod();
    const container = await pod.shell('echo "$A|$B|$(pwd)|$(id -u):$(id -g)|$(id -G)"; sleep 1000', {
      envs: [
        { key: 'A', value: Buffer.from('1 2') },
        { key: 'B', value: Buffer.from('x=y') },
      ],
      workingDir: '/tmp',
      linux: {
        securityContext: { runAsUser: { value: 1000 }, runAsGroup: { value: 3000 }, supplementalGroups: [4000] },
      },
    });
    const [line] = await eventually(
      () => (existsSync(container.logPath) ? readLog(container.logPath) : []),
      (lines) => lines.length > 0,
    );
    expect(line?.text).toBe('1 2|x=y|/tmp|1000:3000|3000 4000');
  });

  test('mounts are writable or not as asked, a missing source becomes a directory', async () => {
    const { directory } = connection();
    const pod = await runPod();
    mkdirSync(join(directory, 'ro'), { recursive: true });
    writeFileSync(join(directory, 'ro/file'), 'from the node');
    const container = await pod.shell('sleep 1000', {
      mounts: [
        { hostPath: join(directory, 'ro'), containerPath: '/ro', readonly: true },
        { hostPath: join(directory, 'made:here'), containerPath: '/rw' },
      ],
    });
    expect(await pod.exec(container, 'cat /ro/file; touch /ro/x; echo hi > /rw/out')).toMatchObject({
      stdout: 'from the node',
      stderr: expect.stringContaining('Read-only file system'),
    });
    expect(readFileSync(join(directory, 'made:here/out'), 'utf8')).toBe('hi\n');
    const { mounts } = await pod.status(container);
    expect(mounts).toContainEqual(expect.objectContaining({ containerPath: '/ro', readonly: true }));
  });

  test('the root of the node can be mounted, with the runtime’s own folders in it', async () => {
    const { directory } = connection();
    const pod = await runPod();
    writeFileSync(join(directory, 'seen'), 'from the node');
    const container = await pod.shell('sleep 1000', { mounts: [{ hostPath: '/', containerPath: '/host' }] });
    expect((await pod.exec(container, `cat /host${join(directory, 'seen')}`)).stdout).toBe('from the node');
  });

  test('PID namespaces are private, shared with the pod, or the target container’s', async () => {
    const pod = await runPod();
    const target = await pod.shell('exec sleep 4321', { metadata: { name: 'target' } });
    const ps = 'ps -o args; sleep 1000';
    const seen = async (pid: 'POD' | 'CONTAINER' | 'TARGET', name: string): Promise<string> => {
      const container = await pod.shell(ps, {
        metadata: { name },
        linux: { securityContext: { namespaceOptions: { pid, targetId: pid === 'TARGET' ? target.id : '' } } },
      });
      return (await pod.exec(container, 'ps -o args')).stdout;
    };
    expect(await seen('CONTAINER', 'private')).not.toContain('4321');
    expect(await seen('TARGET', 'debugger')).toContain('sleep 4321');
    expect(await seen('POD', 'shared')).toContain('/pause');
  });

  test('a memory limit is enforced and shows as OOMKilled', async () => {
    const pod = await runPod();
    const hog = await pod.shell('a=x; while true; do a=$a$a; done', {
      metadata: { name: 'hog' },
      linux: {
        resources: { memoryLimitInBytes: 16 * 1024 * 1024, cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000 },
      },
    });
    await pod.exited(hog);
    // A runtime may hear of the kill a moment after the exit.
    const status = await eventually(
      () => pod.exited(hog),
      ({ reason }) => reason === 'OOMKilled',
    );
    expect(status).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    expect(status.resources?.linux).toMatchObject({
      memoryLimitInBytes: 16 * 1024 * 1024,
      cpuShares: 512,
      cpuQuota: 50_000,
    });
  });

  test('capabilities, a read-only root and no-new-privileges are as asked', async () => {
    const pod = await runPod();
    const container = await pod.shell('sleep 1000', {
      linux: {
        securityContext: {
          capabilities: { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE'] },
          readonlyRootfs: true,
          noNewPrivs: true,
          namespaceOptions: { pid: 'CONTAINER' },
        },
      },
    });
    const { stdout } = await pod.exec(container, 'grep -E "CapPrm|NoNewPrivs" /proc/1/status; touch /x 2>&1');
    expect(stdout).toMatch(/CapPrm:\t0000000000000400/);
    expect(stdout).toMatch(/NoNewPrivs:\t1/);
    expect(stdout).toContain('Read-only file system');
  });
}

function describeLogs({ connection, runPod }: SuiteContext): void {
  test('output is in the log in the CRI format, complete as soon as the container counts as exited', async () => {
    const pod = await runPod();
    const container = await pod.shell(
      'echo out; echo err >&2; i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; printf tail',
    );
    await pod.exited(container);
    const lines = readLog(container.logPath);
    expect(lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text)).toEqual(['err']);
    const out = lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
    expect(out).toEqual(['out', ...Array.from({ length: 500 }, (_, i) => `line ${i}`), 'tail']);
  });

  test('a line longer than the runtime’s buffer is split into partial entries', async () => {
    const pod = await runPod();
    const container = await pod.shell('head -c 40000 /dev/zero | tr "\\0" x; echo; echo next');
    await pod.exited(container);
    const lines = readLog(container.logPath);
    expect(
      lines
        .slice(0, -1)
        .map(({ text }) => text)
        .join(''),
    ).toBe('x'.repeat(40000));
    expect(lines[0]?.tag).toBe('P');
    expect(lines.at(-2)?.tag).toBe('F');
    expect(lines.at(-1)).toMatchObject({ text: 'next', tag: 'F' });
  });

  test('a terminal’s output is logged as stdout', async () => {
    const pod = await runPod();
    const container = await pod.shell('echo one; echo two >&2', { tty: true });
    await pod.exited(container);
    expect(readLog(container.logPath).map(({ stream, text }) => [stream, text.trimEnd()])).toEqual([
      ['stdout', 'one'],
      ['stdout', 'two'],
    ]);
  });

  test('a reopened log goes on in a new file', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.shell('echo before; while [ ! -e /go ]; do sleep 0.1; done; echo after');
    await eventually(
      () => (existsSync(container.logPath) ? readLog(container.logPath) : []),
      (lines) => lines.length === 1,
    );
    renameSync(container.logPath, `${container.logPath}.20240101-000000`);
    await runtime.reopenContainerLog({ containerId: container.id });
    await pod.exec(container, 'touch /go');
    await pod.exited(container);
    expect(readLog(`${container.logPath}.20240101-000000`).map(({ text }) => text)).toEqual(['before']);
    expect(readLog(container.logPath).map(({ text }) => text)).toEqual(['after']);
    await expect(runtime.reopenContainerLog({ containerId: container.id })).rejects.toThrow(/not running/);
  });
}

function describeExecSync({ connection, runPod }: SuiteContext): void {
  test('a command’s output and exit code come back, also of one that ends at once', async () => {
    const pod = await runPod();
    const container = await pod.shell('sleep 1000');
    for (let round = 0; round < 20; round++) {
      expect(await pod.exec(container, 'echo out; echo err >&2; exit 5')).toEqual({
        stdout: 'out\n',
        stderr: 'err\n',
        exitCode: 5,
      });
    }
    expect(await pod.exec(container, 'cat; echo end')).toMatchObject({ stdout: 'end\n' });
    expect((await pod.exec(container, 'head -c 3000000 /dev/zero')).stdout).toHaveLength(3_000_000);
  });

  test('a command that takes too long is killed', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.shell('sleep 1000');
    const call = runtime.execSync({ containerId: container.id, cmd: ['sleep', '77'], timeout: 1 });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await eventually(
      () => pod.exec(container, 'ps -o args'),
      ({ stdout }) => !stdout.includes('sleep 77'),
    );
  });

  test('a missing program, a stopped and an unknown container are refused', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.shell('true');
    await pod.exited(container);
    await expect(runtime.execSync({ containerId: container.id, cmd: ['true'] })).rejects.toThrow(notRunning);
    await expect(runtime.execSync({ containerId: 'nobody', cmd: ['true'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(runtime.exec({ containerId: container.id, cmd: ['true'], stdout: true })).rejects.toThrow(notRunning);
    const running = await pod.shell('sleep 1000');
    await expect(runtime.exec({ containerId: running.id, cmd: ['true'] })).rejects.toThrow(/stdin, stdout, or stderr/);
  });
}

function describeObservation({ connection, runPod }: SuiteContext): void {
  test('events report a pod’s life in order, with its state', async () => {
    const { runtime, tellsEvents } = connection();
    const abort = new AbortController();
    const pod = await runPod();
    if (!tellsEvents) {
      const first = runtime.getContainerEvents({})[Symbol.asyncIterator]().next();
      await expect(first).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
      return;
    }
    const seen: ContainerEventResponse[] = [];
    const listening = (async () => {
      for await (const event of runtime.getContainerEvents({}, { signal: abort.signal })) seen.push(event);
    })().catch(() => undefined);
    // Only what happens after the runtime has taken the listener in is told, so containers come and go until one is.
    const complete = await eventually(
      async () => {
        const { id } = await pod.shell('true');
        await pod.exited({ id, logPath: '' });
        await runtime.removeContainer({ containerId: id });
        return seen.find(
          ({ containerId, containerEventType: type }) => type === 'CONTAINER_CREATED_EVENT' && containerId !== id,
        )?.containerId;
      },
      (id) => id !== undefined,
    );
    const events = await eventually(
      () => seen.filter(({ containerId }) => containerId === complete),
      (found) => found.length >= 4,
    );
    abort.abort();
    await listening;
    expect(events.map(({ containerEventType: type }) => type)).toEqual([
      'CONTAINER_CREATED_EVENT',
      'CONTAINER_STARTED_EVENT',
      'CONTAINER_STOPPED_EVENT',
      'CONTAINER_DELETED_EVENT',
    ]);
    expect(events[0]?.podSandboxStatus).toMatchObject({ id: pod.sandboxId, state: 'SANDBOX_READY' });
  });

  test('statistics of containers and pods', async () => {
    const { runtime, cgroupParent } = connection();
    // Some runtimes read a pod's numbers from its cgroup, which the kubelet names.
    const pod = await runPod({ linux: { cgroupParent } });
    const container = await pod.shell(
      'dd if=/dev/zero of=/file bs=1M count=3 2>/dev/null; i=0; while true; do i=$((i+1)); done',
    );
    const { stats } = await eventually(
      () => runtime.containerStats({ containerId: container.id }),
      ({ stats }) =>
        (stats?.writableLayer?.usedBytes?.value ?? 0) >= 3 * 1024 * 1024 &&
        (stats?.cpu?.usageCoreNanoSeconds?.value ?? 0) > 0,
      45_000,
    );
    expect(stats?.attributes?.metadata?.name).toBe('c0');
    expect(stats?.memory?.workingSetBytes?.value).toBeGreaterThan(0);
    const { stats: podStats } = await runtime.podSandboxStats({ podSandboxId: pod.sandboxId });
    expect(podStats?.linux?.containers.map(({ attributes }) => attributes?.id)).toEqual([container.id]);
    expect(podStats?.linux?.network?.defaultInterface?.name).toBe('eth0');
    expect(podStats?.linux?.process?.processCount?.value).toBeGreaterThanOrEqual(1);
    const { stats: listed } = await runtime.listContainerStats({ filter: { podSandboxId: pod.sandboxId } });
    expect(listed.map(({ attributes }) => attributes?.id)).toEqual([container.id]);
  }, 60_000);

  test('resources of a running container can be changed', async () => {
    const { runtime } = connection();
    const pod = await runPod();
    const container = await pod.shell('sleep 1000', { linux: { resources: { memoryLimitInBytes: 64 * 1024 * 1024 } } });
    await runtime.updateContainerResources({
      containerId: container.id,
      linux: { memoryLimitInBytes: 128 * 1024 * 1024, cpuQuota: 20_000, cpuPeriod: 100_000 },
    });
    const { resources } = await pod.status(container);
    expect(resources?.linux).toMatchObject({ memoryLimitInBytes: 128 * 1024 * 1024, cpuQuota: 20_000 });
  });

  test('an unsupported call is UNIMPLEMENTED', async () => {
    await expect(connection().runtime.checkpointContainer({ containerId: 'a' })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    });
  });
}

function describeImages({ connection }: SuiteContext): void {
  test('images are listed and found by name and by ID; a missing one is absent, its removal fine', async () => {
    const { image, testImage } = connection();
    const { image: found } = await image.imageStatus({ image: { image: testImage } });
    expect(found?.repoTags).toContain(testImage);
    expect((await image.imageStatus({ image: { image: found?.id ?? '' } })).image?.id).toBe(found?.id);
    const { images } = await image.listImages({});
    expect(images.map(({ id }) => id)).toContain(found?.id);
    expect((await image.imageStatus({ image: { image: 'no/such:image' } })).image).toBeNull();
    await image.removeImage({ image: { image: 'no/such:image' } });
    await expect(image.imageStatus({})).rejects.toBeInstanceOf(CriError);
  });

  test('a pull that cannot work says so', async () => {
    const { image } = connection();
    await expect(image.pullImage({ image: { image: '127.0.0.1:1/no/such:image' } })).rejects.toThrow(/127\.0\.0\.1:1/);
  });

  test('the image file system has a size', async () => {
    const { imageFilesystems } = await connection().image.imageFsInfo({});
    expect(imageFilesystems[0]?.usedBytes?.value).toBeGreaterThan(1_000_000);
    expect(imageFilesystems[0]?.fsId?.mountpoint).toMatch(/^\//);
  });
}
